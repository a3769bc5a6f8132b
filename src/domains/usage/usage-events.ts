import { TollgateError } from "../../core/errors.ts";

/** One usage event, as its tenant sees it. */
export interface UsageEvent {
  id: string;
  /** To the microsecond, in microseconds since 1970: what a Date cannot hold. */
  occurredAtMicros: bigint;
  meter: string;
  /** In the meter's smallest unit. */
  quantity: bigint;
  amountMicros: bigint;
  planVersionId: string;
  inferenceId: string;
  modelId: string;
  modelVersionId: string;
  apiKeyId: string | undefined;
  userId: string | undefined;
  idempotencyKey: string | undefined;
  reversesId: string | undefined;
  reason: string | undefined;
  isLate: boolean;
}

export interface UsageEventsQuery {
  startsAt: Date;
  endsAt: Date;
  meter: string | undefined;
  modelId: string | undefined;
  apiKeyId: string | undefined;
}

/** Where a page of events ends: between two events there is always one of the two that is later. */
export interface EventPlace {
  occurredAtMicros: bigint;
  id: string;
}

export function cursorOfEvent({ occurredAtMicros, id }: EventPlace): string {
  return Buffer.from(`event:${occurredAtMicros}:${id}`).toString("base64url");
}

/** Throws INVALID_INPUT for anything that this server did not hand out. */
export function placeOfCursor(cursor: string): EventPlace {
  const text = Buffer.from(cursor, "base64url").toString("utf8");
  const [, micros, id] = /^event:(\d{1,17}):([a-z]{3}_[0-9a-z]{1,60})$/.exec(text) ?? [];
  if (micros !== undefined && id !== undefined) return { occurredAtMicros: BigInt(micros), id };
  throw new TollgateError(
    "INVALID_INPUT",
    "after is not a cursor of this list. Pass the endCursor of an earlier page.",
  );
}

/** To the microsecond, as `2026-11-24T08:00:00.123456Z`. */
export function isoOfMicros(micros: bigint): string {
  const iso = new Date(Number(micros / 1000n)).toISOString();
  return `${iso.slice(0, -1)}${String(micros % 1000n).padStart(3, "0")}Z`;
}
