import { Badge, type Tone } from "../../components/page.tsx";
import { graphql } from "../../graphql/generated/gql.ts";
import type { DeliveryShownFragment } from "../../graphql/generated/graphql.ts";

/** What is shown of a delivery wherever it is shown. */
graphql(`
  fragment DeliveryShown on WebhookDelivery {
    id
    eventId
    eventType
    payload
    status
    createdAt
    nextAttemptAt
    endedAt
    attemptCount
    attempts {
      at
      durationMs
      responseCode
      responseStart
      error
    }
  }
`);

export type Delivery = DeliveryShownFragment;
export type DeliveryStatus = Delivery["status"];

export const statusNames: Record<DeliveryStatus, string> = {
  PENDING: "On its way",
  DELIVERED: "Delivered",
  EXHAUSTED: "Given up",
};

const tones: Record<DeliveryStatus, Tone> = { PENDING: "warn", DELIVERED: "good", EXHAUSTED: "bad" };

export function DeliveryBadge({ status }: { status: DeliveryStatus }) {
  return <Badge tone={tones[status]}>{statusNames[status]}</Badge>;
}
