/** What a tenant can be told of, as `noun.verb`. A type is a promise: its data only ever gains fields (docs/webhooks.md). */
export const webhookEventTypes = {
  "limit.threshold_reached": "Usage crossed 50, 80 or 100 % of a limit, once for each crossing and period.",
  "job.finished": "A job ended, in whatever way.",
  "invoice.issued": "An invoice was issued.",
  "api_key.expiring": "An API key stops within a week and was not rotated.",
  "model_version.quarantined": "A model version kept failing and was taken out of service.",
} as const;

export type WebhookEventType = keyof typeof webhookEventTypes;

export const webhookEventTypeNames = Object.keys(webhookEventTypes) as WebhookEventType[];

/** What `sendTestWebhook` sends. It is sent to whom it was asked for, so nobody subscribes to it. */
export const testEventType = "webhook.test";

export function isWebhookEventType(text: string): text is WebhookEventType {
  return Object.hasOwn(webhookEventTypes, text);
}

/** Why an endpoint is sent nothing: somebody asked for it, it failed for days, or it answered 410 Gone. */
export type DisabledFor = "ASKED" | "FAILING" | "GONE";

export interface WebhookEndpoint {
  id: string;
  tenantId: string;
  url: string;
  description: string;
  events: string[];
  secretVersion: number;
  /** Until then, the secret before the present one signs as well. */
  previousSecretExpiresAt: Date | undefined;
  createdAt: Date;
  createdBy: string;
  /** The first failure since the last delivery that arrived. */
  failingSince: Date | undefined;
  disabledAt: Date | undefined;
  disabledFor: DisabledFor | undefined;
}

export type DeliveryStatus = "PENDING" | "DELIVERED" | "EXHAUSTED";

/** One event on its way to one endpoint. */
export interface WebhookDelivery {
  id: string;
  tenantId: string;
  endpointId: string;
  /** The `webhook-id` header: the same however often it is sent. */
  eventId: string;
  eventType: string;
  payload: Record<string, unknown>;
  createdAt: Date;
  status: DeliveryStatus;
  /** When it is sent next, or, while it is being sent, when it would be sent again if nothing were heard of it. */
  dueAt: Date;
  attempts: number;
  /** Attempts since it was made or last asked for again. */
  tries: number;
  attemptLog: WebhookAttempt[];
  endedAt: Date | undefined;
}

/** What came of sending once. */
export interface WebhookAttempt {
  at: Date;
  durationMs: number;
  /** Undefined: no answer came. */
  responseCode: number | undefined;
  /** How the answer began, in printable characters. */
  responseStart: string | undefined;
  /** Undefined: it arrived. */
  error: string | undefined;
}

/** The bytes that are sent and signed: the same for each attempt, so that a receiver can compare them. */
export function bodyOf(delivery: Pick<WebhookDelivery, "eventType" | "createdAt" | "tenantId" | "payload">): string {
  const { eventType, createdAt, tenantId, payload } = delivery;
  return JSON.stringify({ type: eventType, timestamp: createdAt.toISOString(), tenantId, data: payload });
}
