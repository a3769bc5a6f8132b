/** What the commit of a slice needs to know of the rows that it has locked. */
export interface HeldRow {
  now_at: Date;
  model_id: string;
  credential: string | null;
  items_total: string | null;
  items_succeeded: string;
  items_failed: string;
  recent_items: number;
  recent_at: Date | null;
}

/**
 * The fence. Locks the job and then the slice; whoever commits next for this job waits here, and then reads what this one
 * wrote. No row: the claim was lost, or the job was canceled, and nothing may be written.
 */
export const holdSql = `
  select clock_timestamp() as now_at, j.model_id, job_credential(j.tenant_id, j.api_key_id, j.user_id) as credential,
         j.items_total, j.items_succeeded, j.items_failed, j.recent_items, j.recent_at
    from jobs j
    join job_slices s on s.tenant_id = j.tenant_id and s.job_id = j.id and s.slice = $3
    where j.tenant_id = $1 and j.id = $2 and j.state in ('RUNNING', 'PAUSED_BY_LIMIT')
      and s.holder = $4 and s.epoch = $5
    for update of j, s`;

export const pauseSql = `
  update jobs
    set state = 'PAUSED_BY_LIMIT', pause = $3, paused_until = $4
    where tenant_id = $1 and id = $2`;

export const writeSliceSql = `
  update job_slices
    set states = $4, results = $5, succeeded = $6, failed = $7, jsonl_bytes = $8, csv_bytes = $9, is_open = $10,
        inputs = case when $11 then inputs end, attempts = $12, holder = null, lease_until = null, epoch = epoch + 1
    where tenant_id = $1 and job_id = $2 and slice = $3`;

/** A job that ends is not paused any more, whatever the slice beside this one was refused. */
export const writeJobSql = `
  update jobs
    set items_succeeded = $3, items_failed = $4, inputs_run = inputs_run + $10, amount_micros = amount_micros + $5, recent_items = $6, recent_at = $7,
        state = coalesce($8, state),
        pause = case when $8::text is null then pause end,
        paused_until = case when $8::text is null then paused_until end,
        finished_at = case when $8::text is not null then $7::timestamptz end,
        expires_at = case when $8::text is not null then $7::timestamptz + make_interval(days => $9::integer) end
    where tenant_id = $1 and id = $2`;
