import type { Sql } from "../../platform/database.ts";

export interface FinishedJob {
  tenantId: string;
  jobId: string;
  state: string;
}

/** Puts the webhook of a job's end into the outbox, in the transaction that ends it: neither is there without the other. */
export async function announceFinished(sql: Sql, { tenantId, jobId }: FinishedJob): Promise<void> {
  await sql({
    name: "announce-finished-job",
    text: `
      select enqueue_webhook(j.tenant_id, 'job.finished', jsonb_build_object(
               'jobId', j.id, 'state', j.state, 'round', j.round, 'modelVersionId', j.model_version_id,
               'itemsSucceeded', j.items_succeeded, 'itemsFailed', j.items_failed, 'itemsTotal', j.items_total,
               'amountMicros', j.amount_micros::text, 'resultsPath', '/jobs/' || j.id || '/results'))
        from jobs j where j.tenant_id = $1 and j.id = $2`,
    values: [tenantId, jobId],
  });
}
