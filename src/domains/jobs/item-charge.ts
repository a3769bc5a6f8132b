import { derivedId } from "../../core/ids.ts";
import type { Sql } from "../../platform/database.ts";
import type { ChargeRequest, ChargeVerdict } from "../usage/charge.ts";
import type { JobPause } from "./job.ts";

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
export function chargeOf(job: ChargedJob, item: number): ChargeRequest {
  const name = `${item} ${job.round}`;
  const isKey = job.credential.startsWith("key_");
  return {
    usageEventId: derivedId("usageEvent", job.id, name),
    inferenceId: derivedId("inference", job.id, name),
    tenantId: job.tenantId,
    quantity: 1,
    modelId: job.modelId,
    modelVersionId: job.modelVersionId,
    apiKeyId: isKey ? job.credential : undefined,
    userId: isKey ? undefined : job.credential,
    idempotencyKey: undefined,
    requestDigest: undefined,
  };
}

/** What a job waits for whose next item was not admitted. */
export function pauseOf(verdict: Exclude<ChargeVerdict, { kind: "ADMITTED" }>): JobPause {
  if (verdict.kind === "QUOTA_EXCEEDED") {
    const { limit } = verdict;
    return {
      kind: limit.kind,
      message: `The monthly quota of ${limit.limit} ${limit.meter} is used up. The job goes on when it resets, or when the plan gives more.`,
      meter: limit.meter,
      limit: limit.limit,
      used: limit.used,
      until: new Date(limit.resetsAt),
    };
  }
  const message =
    verdict.kind === "NO_PLAN"
      ? "The tenant has no plan that prices inputs. The job goes on when it has one."
      : "The charge of an item was taken back before it came.";
  return { kind: verdict.kind, message, meter: undefined, limit: undefined, used: undefined, until: undefined };
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
