import type { JobExplanation } from "./job-explanation.ts";

/** Many inputs submitted to be answered later. */
export interface Job {
  id: string;
  tenantId: string;
  state: JobState;
  modelId: string;
  modelVersionId: string;
  alias: string | undefined;
  topK: number;
  /** How each answer is explained; undefined where none is. */
  explanation: JobExplanation | undefined;
  /** Told of its end, whatever else it is told of. Undefined where none was named, or it was deleted. */
  webhookEndpointId: string | undefined;
  /** Among the tenant's own jobs: higher first. */
  priority: number;
  /** Absent: its inputs came with it. */
  datasetId: string | undefined;
  /** 1, and one more with each retry of its failed items. */
  round: number;
  itemsRead: number;
  /** Unknown until its dataset is read to the end. */
  itemsTotal: number | undefined;
  itemsSucceeded: number;
  itemsFailed: number;
  amountMicros: bigint;
  /** Items that ended of late, each counting for less the longer ago it is (job-progress.ts). */
  recentItems: number;
  recentAt: Date | undefined;
  pause: JobPause | undefined;
  failure: JobFailure | undefined;
  createdAt: Date;
  startedAt: Date | undefined;
  finishedAt: Date | undefined;
  /** When its results go. */
  expiresAt: Date | undefined;
  resultsDeletedAt: Date | undefined;
}

export const jobStates = {
  QUEUED: "Submitted; no item has been worked on yet.",
  RUNNING: "Being worked on, or waiting for a worker between two slices.",
  PAUSED_BY_LIMIT: "Waits: a limit or its credential refused the next item. `pause` says which, and until when.",
  CANCELING: "Was canceled; what is running is being let go.",
  CANCELED: "Was canceled. Items that had ended stay charged, and can be downloaded.",
  SUCCEEDED: "Every item was answered.",
  PARTIALLY_FAILED: "Every item has ended, some of them failed.",
  FAILED: "No item could be answered: all failed, or the dataset could not be read.",
} as const;

export type JobState = keyof typeof jobStates;

/** Why a job waits. */
export interface JobPause {
  /** The kind of limit that refused, NO_PLAN, or CREDENTIAL where the key or user that submitted it is no longer good. */
  kind: string;
  message: string;
  meter: string | undefined;
  limit: number | undefined;
  used: number | undefined;
  /** When it goes on by itself. Absent: somebody has to do something first. */
  until: Date | undefined;
}

/** Why nothing of a job could be answered. */
export interface JobFailure {
  code: string;
  message: string;
}

export interface ItemCounts {
  /** Undefined while the dataset is being read. */
  total: number | undefined;
  succeeded: number;
  failed: number;
}

/** Where a job stands when some of its items have ended: undefined while there are more to come. */
export function stateAtTheEnd({ total, succeeded, failed }: ItemCounts): JobState | undefined {
  if (total === undefined || succeeded + failed < total) return undefined;
  if (failed === 0) return "SUCCEEDED";
  return succeeded === 0 ? "FAILED" : "PARTIALLY_FAILED";
}
