import { Badge } from "../../components/page.tsx";
import { fromNow } from "../../format.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import type { EndpointShownFragment } from "../../graphql/generated/graphql.ts";

/** What is shown of an endpoint wherever it is shown. */
graphql(`
  fragment EndpointShown on WebhookEndpoint {
    id
    url
    description
    events
    secretVersion
    previousSecretExpiresAt
    createdAt
    failingSince
    disabledAt
    disabledFor
  }
`);

export type Endpoint = EndpointShownFragment;

const reasons: Record<NonNullable<Endpoint["disabledFor"]>, string> = {
  ASKED: "by hand",
  FAILING: "nothing arrived for five days",
  GONE: "it answered 410 Gone",
};

export function EndpointState({ endpoint }: { endpoint: Endpoint }) {
  const { disabledAt, disabledFor, failingSince } = endpoint;
  if (disabledAt !== null)
    return <State tone="bad" name="Disabled" note={disabledFor === null ? undefined : reasons[disabledFor]} />;
  if (failingSince !== null) return <State tone="warn" name="Failing" note={`since ${fromNow(failingSince)}`} />;
  return <State tone="good" name="Enabled" />;
}

function State({ tone, name, note }: { tone: "good" | "warn" | "bad"; name: string; note?: string | undefined }) {
  return (
    <div className="stack-tight">
      <span>
        <Badge tone={tone}>{name}</Badge>
      </span>
      {note === undefined ? null : <span className="dim small">{note}</span>}
    </div>
  );
}

export function EventChips({ events }: { events: readonly string[] }) {
  return (
    <span className="chips">
      {events.map((event) => (
        <code key={event} className="chip">
          {event}
        </code>
      ))}
    </span>
  );
}
