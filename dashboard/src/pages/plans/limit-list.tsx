import type { ReactNode } from "react";
import { type Column, DataTable } from "../../components/data-table.tsx";
import { Badge } from "../../components/page.tsx";
import { count, exact, words } from "../../format.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import type { ShownLimit } from "./limit-form.ts";

graphql(`
  fragment PlanLimitShown on PlanLimit {
    id
    kind
    appliesTo
    mode
    meter
    modelId
    modelName
    period
    limit
    refillPerSecond
  }
`);

interface LimitListProps<Limit extends ShownLimit> {
  limits: readonly Limit[] | undefined;
  currency: string;
  empty: string;
  /** Whose use it counts, or who set it. */
  origin: { head: string; cell: (limit: Limit) => ReactNode };
  actions?: (limit: Limit) => ReactNode;
}

/** Limits as they are set; how much of them is used is another matter. */
export function LimitList<Limit extends ShownLimit>({
  limits,
  currency,
  empty,
  origin,
  actions,
}: LimitListProps<Limit>) {
  const columns: Column<Limit>[] = [
    { head: "Limit", cell: (limit) => <span className="strong">{nameOf(limit)}</span> },
    origin,
    {
      head: "Beyond it",
      cell: ({ mode }) => <Badge tone={mode === "HARD" ? "warn" : "plain"}>{modeNames[mode]}</Badge>,
    },
    { head: "How much", isNumber: true, cell: (limit) => howMuch(limit, currency) },
  ];
  const doing: Column<Limit> | undefined = actions && { head: "Actions", isAction: true, cell: actions };
  return (
    <DataTable
      label="Limits"
      columns={doing === undefined ? columns : [...columns, doing]}
      rows={limits}
      keyOf={({ id }) => id}
      empty={<p className="dim padded">{empty}</p>}
      waitingRows={2}
    />
  );
}

const modeNames = { HARD: "Refused", SOFT: "Let pass", SHADOW: "Only counted" } as const;
const periodNames = { HOUR: "an hour", DAY: "a day", BILLING_PERIOD: "a billing period" } as const;

function nameOf({ kind, meter, modelId, modelName }: ShownLimit): string {
  const of = meter === null ? "" : ` of ${meter.replaceAll("_", " ")}`;
  const model = modelId === null ? "" : `, ${modelName ?? "another model"}`;
  return `${words(kind)}${of}${model}`;
}

function howMuch({ kind, limit, period, refillPerSecond }: ShownLimit, currency: string): string {
  const value = kind === "BUDGET" ? exact(limit, currency) : count(limit);
  const per = period === null ? "" : ` in ${periodNames[period]}`;
  return refillPerSecond === null ? `${value}${per}` : `${value}, then ${refillPerSecond} a second`;
}
