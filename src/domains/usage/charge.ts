import type { LimitDetails } from "../../core/errors.ts";
import type { Meter } from "../plans/meter.ts";

/** One request to be admitted and, if it is, written down as usage events, one for each meter that is recorded. */
export interface ChargeRequest {
  /** Of the event of `inputs`; those of other meters are named after it. */
  usageEventId: string;
  tenantId: string;
  inferenceId: string;
  /** How many inputs. */
  quantity: number;
  /** Recorded where the plan prices or limits the meter, like explanations and compute. */
  tokens: number;
  explanations: number;
  /** The most compute that it may take, in microseconds: settled to what was measured. */
  computeUs: number;
  modelId: string;
  modelVersionId: string;
  /** Exactly one of the two is there. */
  apiKeyId: string | undefined;
  userId: string | undefined;
  idempotencyKey: string | undefined;
  requestDigest: string | undefined;
  /** How long it may be at work. Undefined: it does not count as one of those that are, at once. */
  leaseMs: number | undefined;
}

/** What was charged of a meter, in its smallest unit. */
export interface ChargedMeter {
  meter: Meter;
  quantity: bigint;
  amountMicros: bigint;
}

export type ChargeVerdict =
  | AdmittedCharge
  | { kind: "REPEATED"; first: FirstRequest }
  | RefusedByLimit
  | { kind: "NO_PLAN" }
  /** It was taken back before it came: whoever asked has been told that it failed. */
  | { kind: "ABANDONED" };

export interface AdmittedCharge {
  kind: "ADMITTED";
  charged: ChargedMeter[];
  /** The ledger has to be told when the work is done: a lease is held. */
  isLeased: boolean;
  /** Soft limits that do not cover it. */
  softLimits: LimitDetails[];
  /** How many limits that are only watched would have refused it. */
  shadowRefusals: number;
}

export interface RefusedByLimit {
  kind: "QUOTA_EXCEEDED" | "BUDGET_EXCEEDED" | "RATE_LIMITED" | "CONCURRENCY_LIMITED" | "REQUEST_TOO_LARGE";
  limit: LimitDetails;
  /** Of a rate limit: when the bucket will hold enough. Undefined: never, or not known. */
  retryAfterMs: number | undefined;
}

/** What the first request with an idempotency key left behind. */
export interface FirstRequest {
  charged: ChargedMeter[];
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

/** The end of work that was charged. */
export interface Release {
  tenantId: string;
  usageEventId: string;
}

/** The end of work whose compute was reserved. */
export interface Settlement extends Release {
  /** What was measured, in microseconds. */
  computeUs: number;
}
