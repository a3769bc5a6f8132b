import { useDocumentVisibility } from "@mantine/hooks";
import { useEffect } from "react";
import { useSubscription } from "urql";
import { useWhileVisible } from "../components/while-visible.ts";
import { graphql } from "../graphql/generated/gql.ts";

const UsageTicksDocument = graphql(`
  subscription UsageTicks {
    usageTicks {
      endsAt
    }
  }
`);

/** LIVE: told of usage as it happens. SLOW: no stream could be opened, so that it is asked for now and then. */
export type Liveness = "CONNECTING" | "LIVE" | "SLOW";

/** For what no tick tells: limits that reset, errors; and for everything while there is no stream. */
const everyMs = 15_000;

/** Calls when there was usage, and when the stream of it begins (or begins anew), so that nothing is missed. */
export function useUsageTicks(onTick: () => void): Liveness {
  const isVisible = useDocumentVisibility() === "visible";
  const [{ data, error }] = useSubscription({ query: UsageTicksDocument, pause: !isVisible });
  // biome-ignore lint/correctness/useExhaustiveDependencies: each tick is an occasion, whatever is done then
  useEffect(() => {
    if (data !== undefined) onTick();
  }, [data]);
  useWhileVisible(onTick, { everyMs, isOn: true });
  if (error !== undefined) return "SLOW";
  return data === undefined ? "CONNECTING" : "LIVE";
}
