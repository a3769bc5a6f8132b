import type { Sql } from "../../platform/database.ts";

export interface FinishedJob {
  tenantId: string;
  jobId: string;
  state: string;
}

/**
 * Puts the webhook of a job's end into the outbox, in the transaction that ends it: neither is there without the other. It
 * goes to whoever is told of finished jobs, and to the endpoint that the job named: under one event id, so to none twice.
 */
export async function announceFinished(sql: Sql, { tenantId, jobId }: FinishedJob): Promise<void> {
  await sql({
    name: "announce-finished-job",
    text: `
      with event as materialized (
        select 'evt_' || sortable_id(clock_timestamp()) as id, j.tenant_id, j.webhook_endpoint_id, jsonb_build_object(
                 'jobId', j.id, 'state', j.state, 'round', j.round, 'modelVersionId', j.model_version_id,
                 'itemsSucceeded', j.items_succeeded, 'itemsFailed', j.items_failed, 'itemsTotal', j.items_total,
                 'amountMicros', j.amount_micros::text, 'resultsPath', '/jobs/' || j.id || '/results') as data
          from jobs j
          where j.tenant_id = $1 and j.id = $2)
      select enqueue_webhook(e.tenant_id, 'job.finished', e.data, e.id),
             enqueue_webhook_to(e.tenant_id, e.webhook_endpoint_id, 'job.finished', e.data, e.id)
        from event e`,
    values: [tenantId, jobId],
  });
}
