import type { ModelType, ModelVersionType } from "../models/models.types.ts";
import type { Job } from "./job.ts";
import { itemsPerSecond, secondsLeft } from "./job-progress.ts";
import type { JobType } from "./jobs.types.ts";

interface Surroundings {
  now: Date;
  model: ModelType | null;
  version: ModelVersionType | null;
}

/** A job as callers are shown it. */
export function toJobType(job: Job, { now, model, version }: Surroundings): JobType {
  const ended = job.itemsSucceeded + job.itemsFailed;
  return {
    id: job.id,
    state: job.state,
    model,
    version,
    alias: job.alias ?? null,
    priority: job.priority,
    explainMethod: job.explanation?.method ?? null,
    webhookEndpointId: job.webhookEndpointId ?? null,
    datasetId: job.datasetId ?? null,
    round: job.round,
    counts: {
      total: job.itemsTotal ?? null,
      read: job.itemsRead,
      succeeded: job.itemsSucceeded,
      failed: job.itemsFailed,
      waiting: job.itemsRead - ended,
    },
    amount: job.amountMicros,
    ...paceOf(job, now),
    pause: pauseOf(job),
    failure: job.failure ?? null,
    resultsPath: `/jobs/${job.id}/results`,
    expiresAt: job.expiresAt ?? null,
    createdAt: job.createdAt,
    startedAt: job.startedAt ?? null,
    finishedAt: job.finishedAt ?? null,
  };
}

function paceOf(job: Job, now: Date): Pick<JobType, "itemsPerSecond" | "secondsLeft"> {
  const { itemsTotal, itemsSucceeded, itemsFailed } = job;
  const isRunning = job.finishedAt === undefined && job.state !== "PAUSED_BY_LIMIT";
  const recent = { items: job.recentItems, at: job.recentAt, startedAt: job.startedAt };
  const rate = isRunning ? itemsPerSecond(recent, now) : 0;
  const left = itemsTotal === undefined ? undefined : itemsTotal - itemsSucceeded - itemsFailed;
  return { itemsPerSecond: rate, secondsLeft: secondsLeft(left, rate) ?? null };
}

function pauseOf({ pause }: Job): JobType["pause"] {
  if (pause === undefined) return null;
  const { kind, message, meter, limit, used, until } = pause;
  return { kind, message, meter: meter ?? null, limit: limit ?? null, used: used ?? null, until: until ?? null };
}
