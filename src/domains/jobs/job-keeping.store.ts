import type pg from "pg";
import type { Database, Sql } from "../../platform/database.ts";

interface JobKeepingOptions {
  database: Database;
  isInstanceAlive: (instanceId: string) => Promise<boolean>;
  onFinished: (sql: Sql, job: { tenantId: string; jobId: string; state: string }) => Promise<void>;
  resultsRetentionDays: number;
}

/** Rows removed by one statement: enough to get on, few enough that nobody waits for it. */
const sweptAtOnce = 200;

/** What has to be seen to when a worker was killed, a job canceled or a time has come. Any process may do it, at any time. */
export class JobKeepingStore {
  readonly #options: JobKeepingOptions;

  constructor(options: JobKeepingOptions) {
    this.#options = options;
  }

  /** Ends the leases of instances that are gone, so that others need not wait for them to run out. */
  async freeOfTheDead(): Promise<number> {
    const { database } = this.#options;
    const holders = await database.systemSql<{ holder: string }>({
      name: "holders",
      text: `
        select distinct holder from job_slices where lease_until is not null and holder is not null
        union
        select reader from jobs where finished_at is null and reader is not null`,
    });
    const checked = await Promise.all(
      holders.map(async ({ holder }) => ({ holder, isAlive: await this.#options.isInstanceAlive(holder) })),
    );
    const dead = checked.filter(({ isAlive }) => !isAlive).map(({ holder }) => holder);
    if (dead.length === 0) return 0;
    const freed = await database.systemSql({
      name: "free-slices",
      text: `
        with slices as (
               update job_slices set lease_until = clock_timestamp(), holder = null
                 where holder = any($1) and lease_until is not null returning 1),
             readings as (
               update jobs set reader = null, reader_until = null
                 where finished_at is null and reader = any($1) returning 1)
        select 1 from slices union all select 1 from readings`,
      values: [dead],
    });
    return freed.length;
  }

  async isCanceled(jobId: string): Promise<boolean> {
    const rows = await this.#options.database.systemSql({
      name: "is-canceled",
      text: "select 1 from jobs where id = $1 and state in ('CANCELING', 'CANCELED') limit 1",
      values: [jobId],
    });
    return rows.length > 0;
  }

  /** Ends the jobs that were canceled and that nobody works on any more. */
  async finishCanceled(): Promise<number> {
    return await this.#options.database.jobTransaction(async (sql) => {
      const jobs = await sql({
        name: "finish-canceled",
        text: `
          update jobs j
            set state = 'CANCELED', finished_at = clock_timestamp(), reader = null, reader_until = null,
                items_total = coalesce(items_total, items_read),
                expires_at = clock_timestamp() + make_interval(days => $1::integer)
            where j.state = 'CANCELING' and j.finished_at is null
              and not exists (
                select from job_slices s
                  where s.tenant_id = j.tenant_id and s.job_id = j.id and s.is_open and s.lease_until > clock_timestamp())
            returning j.tenant_id, j.id, j.state`,
        values: [this.#options.resultsRetentionDays],
      });
      await this.#end(sql, jobs);
      return jobs.length;
    });
  }

  /**
   * Ends the jobs that wait for a version which was retired, or taken out of service, and which no process runs any more:
   * nobody would ever answer their items. What has been answered stays.
   */
  async finishUnserved(): Promise<number> {
    return await this.#options.database.jobTransaction(async (sql) => {
      const failure = {
        code: "MODEL_NOT_READY",
        message:
          "The version was retired or taken out of service before the job came to its end. Submit what was not answered to another version.",
      };
      const jobs = await sql({
        name: "finish-unserved",
        text: `
          update jobs j
            set state = case when j.items_succeeded > 0 then 'PARTIALLY_FAILED' else 'FAILED' end, failure = $1,
                finished_at = clock_timestamp(), items_total = coalesce(j.items_total, j.items_read),
                reader = null, reader_until = null, pause = null, paused_until = null,
                expires_at = clock_timestamp() + make_interval(days => $2::integer)
            from model_versions v
            where v.id = j.model_version_id
              and (v.retired_at < now() - interval '1 minute'
                or v.state = 'QUARANTINED' and v.state_changed_at < now() - interval '1 minute')
              and j.finished_at is null and j.state <> 'CANCELING'
              and coalesce(j.recent_at, j.created_at) < now() - interval '1 minute'
              and not exists (
                select from job_slices s
                  where s.tenant_id = j.tenant_id and s.job_id = j.id and s.is_open and s.lease_until > clock_timestamp())
            returning j.tenant_id, j.id, j.state`,
        values: [JSON.stringify(failure), this.#options.resultsRetentionDays],
      });
      await this.#end(sql, jobs);
      return jobs.length;
    });
  }

  /** A plan that changed may give more: what waits for a limit tries again. Without a tenant: all that wait. */
  async tryPausedAgain(tenantId: string | undefined): Promise<void> {
    await this.#options.database.systemSql({
      name: "try-paused-again",
      text: `
        update jobs set paused_until = clock_timestamp()
          where finished_at is null and state = 'PAUSED_BY_LIMIT' and pause ->> 'kind' <> 'CREDENTIAL'
            and ($1::text is null or tenant_id = $1)
            and (paused_until is null or paused_until > clock_timestamp())`,
      values: [tenantId ?? null],
    });
  }

  /** Nothing of these jobs is worked on again. */
  async #end(sql: Sql, jobs: readonly pg.QueryResultRow[]): Promise<void> {
    for (const { tenant_id: tenantId, id: jobId, state } of jobs) {
      await sql({
        name: "close-slices-of-ended",
        text: `
          update job_slices set is_open = false, inputs = null, holder = null, lease_until = null, epoch = epoch + 1
            where tenant_id = $1 and job_id = $2 and is_open`,
        values: [tenantId, jobId],
      });
      await this.#options.onFinished(sql, { tenantId, jobId, state });
    }
  }

  /** Deletes results and datasets whose time has come, and the turns of jobs that have ended. */
  async sweep(): Promise<void> {
    await this.#sweepResults();
    await this.#untilNone(`
      delete from datasets d
        where (d.tenant_id, d.id) in (
          select tenant_id, id from datasets where expires_at < now() limit ${sweptAtOnce})
          and not exists (
            select from jobs j where j.tenant_id = d.tenant_id and j.dataset_id = d.id
                                 and j.finished_at is null and j.items_total is null)
        returning 1`);
    await this.#untilNone(`
      delete from job_turns t
        where (t.tenant_id, t.job_id) in (
          select turn.tenant_id, turn.job_id from job_turns turn
            join jobs j on j.tenant_id = turn.tenant_id and j.id = turn.job_id
            where j.finished_at is not null limit ${sweptAtOnce})
        returning 1`);
  }

  async #sweepResults(): Promise<void> {
    await this.#untilNone(`
      delete from job_slices s
        where (s.tenant_id, s.job_id, s.slice) in (
          select old.tenant_id, old.job_id, old.slice
            from jobs j join job_slices old on old.tenant_id = j.tenant_id and old.job_id = j.id
            where j.expires_at < now() and j.results_deleted_at is null
            limit ${sweptAtOnce})
        returning 1`);
    await this.#options.database.systemSql({
      text: "update jobs set results_deleted_at = now() where expires_at < now() and results_deleted_at is null",
    });
  }

  async #untilNone(text: string): Promise<void> {
    while ((await this.#options.database.systemSql({ text })).length > 0);
  }
}
