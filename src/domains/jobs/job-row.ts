import { z } from "zod";
import type { Job, JobPause, JobState } from "./job.ts";
import { toExplanation } from "./job-explanation.ts";

/** A row of `jobs` as SQL gives it. */
export interface JobRow {
  tenant_id: string;
  id: string;
  state: JobState;
  model_id: string;
  model_version_id: string;
  alias: string | null;
  top_k: number;
  explain: unknown;
  webhook_endpoint_id: string | null;
  priority: number;
  dataset_id: string | null;
  round: number;
  items_read: string;
  items_total: string | null;
  items_succeeded: string;
  items_failed: string;
  amount_micros: string;
  recent_items: number;
  recent_at: Date | null;
  pause: unknown;
  paused_until: Date | null;
  failure: unknown;
  created_at: Date;
  started_at: Date | null;
  finished_at: Date | null;
  expires_at: Date | null;
  results_deleted_at: Date | null;
}

const pauseSchema = z.object({
  kind: z.string(),
  message: z.string(),
  meter: z.string().optional(),
  limit: z.number().optional(),
  used: z.number().optional(),
});

const failureSchema = z.object({ code: z.string(), message: z.string() });

export function toJob(row: JobRow): Job {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    state: row.state,
    modelId: row.model_id,
    modelVersionId: row.model_version_id,
    alias: row.alias ?? undefined,
    topK: row.top_k,
    explanation: toExplanation(row.explain),
    webhookEndpointId: row.webhook_endpoint_id ?? undefined,
    priority: row.priority,
    datasetId: row.dataset_id ?? undefined,
    round: row.round,
    itemsRead: Number(row.items_read),
    itemsTotal: row.items_total === null ? undefined : Number(row.items_total),
    itemsSucceeded: Number(row.items_succeeded),
    itemsFailed: Number(row.items_failed),
    amountMicros: BigInt(row.amount_micros),
    recentItems: row.recent_items,
    recentAt: row.recent_at ?? undefined,
    pause: toPause(row),
    failure: row.failure === null ? undefined : failureSchema.parse(row.failure),
    createdAt: row.created_at,
    startedAt: row.started_at ?? undefined,
    finishedAt: row.finished_at ?? undefined,
    expiresAt: row.expires_at ?? undefined,
    resultsDeletedAt: row.results_deleted_at ?? undefined,
  };
}

function toPause({ pause, paused_until }: JobRow): JobPause | undefined {
  if (pause === null) return undefined;
  const { kind, message, meter, limit, used } = pauseSchema.parse(pause);
  return { kind, message, meter, limit, used, until: paused_until ?? undefined };
}
