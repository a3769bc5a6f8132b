import type { LimitDetails } from "../../core/errors.ts";
import { TollgateError } from "../../core/errors.ts";

/** One request to be admitted and, if it is, written down as a usage event. */
export interface ChargeRequest {
  usageEventId: string;
  tenantId: string;
  inferenceId: string;
  /** How many inputs. */
  quantity: number;
  /** How many answers were explained; what that took to run is among the inputs. */
  explanations?: number;
  modelId: string;
  modelVersionId: string;
  /** Exactly one of the two is there. */
  apiKeyId: string | undefined;
  userId: string | undefined;
  idempotencyKey: string | undefined;
  requestDigest: string | undefined;
}

export type ChargeVerdict =
  | { kind: "ADMITTED"; unitPriceMicros: bigint; remaining: number | undefined }
  | { kind: "REPEATED"; first: FirstRequest }
  | { kind: "QUOTA_EXCEEDED"; limit: LimitDetails }
  | { kind: "NO_PLAN" }
  /** It was taken back before it came: whoever asked has been told that it failed. */
  | { kind: "ABANDONED" };

/** What the first request with an idempotency key left behind. */
export interface FirstRequest {
  unitPriceMicros: bigint;
  inferenceId: string;
  usageEventId: string;
  requestDigest: string;
  modelVersionId: string;
  /** The gateway instance that took it. */
  holder: string;
  /** The answer, once there is one. */
  answer: unknown;
}

/** Why a charge was taken back. */
export type ReversalReason =
  | "MODEL_FAILED"
  | "DEADLINE_EXCEEDED"
  | "OVERLOADED"
  | "CALLER_LEFT"
  | "OUTCOME_UNKNOWN"
  | "INTERNAL";

export interface Reversal {
  tenantId: string;
  usageEventId: string;
  reason: ReversalReason;
}

export function quotaExceeded(limit: LimitDetails): TollgateError {
  const left = Math.max(0, limit.limit - limit.used);
  return new TollgateError(
    "QUOTA_EXCEEDED",
    `The monthly quota of ${limit.limit} ${limit.meter} has ${left} left; this request needs ${limit.requested}. ` +
      `It resets at ${limit.resetsAt}.`,
    { limit },
  );
}
