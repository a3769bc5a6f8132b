import { derivedId } from "../../core/ids.ts";
import type { Sql } from "../../platform/database.ts";
import type { ChargeRequest, ChargeVerdict, RefusedByLimit } from "../usage/charge.ts";
import { refusedByLimit } from "../usage/refusal.ts";
import type { JobPause } from "./job.ts";
import { inputsOf, type SucceededItem } from "./outcome.ts";

/** Charges within the transaction of the caller: all that it decides stands or falls with the results it pays for. */
export type ChargeWithin = (sql: Sql, requests: readonly ChargeRequest[]) => Promise<ChargeVerdict[]>;

export interface ChargedJob {
  tenantId: string;
  id: string;
  round: number;
  modelId: string;
  modelVersionId: string;
  /** Who pays for its next items: an API key or a user. */
  credential: string;
}

/**
 * The charge of one item. Its ids come of the job, the item and the round, so whoever charges it again names the same
 * event; the fence of its slice is what keeps a second one out.
 */
export function chargeOf(
  job: ChargedJob,
  item: number,
  { output, tokens, computeUs }: Pick<SucceededItem, "output" | "tokens" | "computeUs">,
): ChargeRequest {
  const name = `${item} ${job.round}`;
  const isKey = job.credential.startsWith("key_");
  return {
    usageEventId: derivedId("usageEvent", job.id, name),
    inferenceId: derivedId("inference", job.id, name),
    tenantId: job.tenantId,
    quantity: inputsOf({ output }),
    tokens,
    explanations: output.explanation === undefined ? 0 : 1,
    // It has run: what is charged is what was measured, and there is nothing to settle.
    computeUs,
    modelId: job.modelId,
    modelVersionId: job.modelVersionId,
    apiKeyId: isKey ? job.credential : undefined,
    userId: isKey ? undefined : job.credential,
    idempotencyKey: undefined,
    requestDigest: undefined,
    leaseMs: undefined,
  };
}

/** What a job waits for whose next item was not admitted. */
export function pauseOf(verdict: Exclude<ChargeVerdict, { kind: "ADMITTED" }>, now: Date): JobPause {
  if (!("limit" in verdict)) {
    const message =
      verdict.kind === "NO_PLAN"
        ? "The tenant has no plan that prices what the job uses. It goes on when it has one."
        : "The charge of an item was taken back before it came.";
    return { kind: verdict.kind, message, meter: undefined, limit: undefined, used: undefined, until: undefined };
  }
  const { limit } = verdict;
  return {
    kind: limit.kind,
    message: `${refusedByLimit(verdict, 0).message} The job goes on by itself then, or when a plan or limit gives more.`,
    meter: limit.meter,
    limit: limit.limit,
    used: limit.used,
    until: endOf(verdict, now),
  };
}

function endOf({ limit, retryAfterMs }: RefusedByLimit, now: Date): Date | undefined {
  if (retryAfterMs !== undefined) return new Date(now.getTime() + retryAfterMs);
  return limit.resetsAt === undefined ? undefined : new Date(limit.resetsAt);
}

/** The pause of a job that nobody may be charged for any more. */
export const credentialPause: JobPause = {
  kind: "CREDENTIAL",
  message:
    "The API key or user that submitted the job can no longer be used. resumeJob goes on under the credential that asks for it.",
  meter: undefined,
  limit: undefined,
  used: undefined,
  until: undefined,
};
