import type { Database, Sql } from "../../platform/database.ts";
import { columnsSchema, type DatasetColumns, type DatasetFormat } from "./dataset.ts";
import { type JobFailure, stateAtTheEnd } from "./job.ts";
import { insertSlices } from "./jobs.store.ts";
import { packSlices, type Slice } from "./slice.ts";
import { leaseMs } from "./slices.store.ts";

interface ReadingStoreOptions {
  database: Database;
  instanceId: string;
  onFinished: (sql: Sql, job: { tenantId: string; jobId: string; state: string }) => Promise<void>;
  resultsRetentionDays: number;
}

/** A dataset that this process reads into the slices of a job, until its lease ends. */
export interface Reading {
  tenantId: string;
  jobId: string;
  epoch: number;
  datasetId: string;
  format: DatasetFormat;
  sizeBytes: number;
  columns: DatasetColumns;
  sliceItems: number;
  /** Items that are in slices already: an earlier reading came so far. */
  itemsRead: number;
}

/** The reading of datasets into slices: one reader for a job at a time, each step of it behind a fence. */
export class ReadingStore {
  readonly #options: ReadingStoreOptions;

  constructor(options: ReadingStoreOptions) {
    this.#options = options;
  }

  /** The job that waits longest for a reader; of the tenants, first the one whose jobs have had least service. */
  async claim(): Promise<Reading | undefined> {
    const [row] = await this.#options.database.systemSql({
      name: "claim-reading",
      text: `
        with next as (
          select j.tenant_id, j.id
            from jobs j
            left join job_turns t on t.tenant_id = j.tenant_id and t.job_id = ''
            where j.finished_at is null and j.items_total is null and j.state <> 'CANCELING'
              and (j.reader_until is null or j.reader_until <= clock_timestamp())
            order by coalesce(t.served, 0), j.id
            limit 1
            for update of j skip locked)
        update jobs j
          set reader = $1, reader_until = clock_timestamp() + make_interval(secs => $2::double precision / 1000),
              reader_epoch = reader_epoch + 1
          from next, datasets d
          where j.tenant_id = next.tenant_id and j.id = next.id and d.tenant_id = j.tenant_id and d.id = j.dataset_id
          returning j.tenant_id, j.id, j.reader_epoch, j.dataset_id, j.columns, j.slice_items, j.items_read,
                    d.format, d.size_bytes`,
      values: [this.#options.instanceId, leaseMs],
    });
    if (row === undefined) return undefined;
    return {
      tenantId: row["tenant_id"],
      jobId: row["id"],
      epoch: row["reader_epoch"],
      datasetId: row["dataset_id"],
      format: row["format"],
      sizeBytes: Number(row["size_bytes"]),
      columns: columnsSchema.parse(row["columns"]),
      sliceItems: row["slice_items"],
      itemsRead: Number(row["items_read"]),
    };
  }

  /** Writes slices that follow what was read so far. False: the reading was lost, or the job canceled. */
  async append(reading: Reading, slices: readonly Slice[]): Promise<boolean> {
    const packed = await packSlices(slices);
    return await this.#behindTheFence(reading, async (sql) => {
      await insertSlices(sql, { tenantId: reading.tenantId, id: reading.jobId }, packed);
      const items = slices.reduce((sum, { records }) => sum + records.length, 0);
      await sql({
        name: "count-read-items",
        text: `
          update jobs
            set items_read = items_read + $3, reader_until = clock_timestamp() + make_interval(secs => $4::double precision / 1000)
            where tenant_id = $1 and id = $2`,
        values: [reading.tenantId, reading.jobId, items, leaseMs],
      });
    });
  }

  /** The dataset was read to its end. Workers may have ended all of its items by now. */
  async finish(reading: Reading, items: number): Promise<boolean> {
    return await this.#behindTheFence(reading, async (sql, held) => {
      const counts = { total: items, succeeded: held.itemsSucceeded, failed: held.itemsFailed };
      const state = items === 0 ? "FAILED" : stateAtTheEnd(counts);
      const failure = items === 0 ? { code: "INVALID_INPUT", message: "The dataset has no items." } : undefined;
      await this.#end(sql, reading, { items, state, failure });
    });
  }

  /** The dataset cannot be read on: the job ends, and what of it has been answered stays. */
  async refuse(reading: Reading, failure: JobFailure): Promise<boolean> {
    return await this.#behindTheFence(reading, async (sql, held) => {
      await sql({
        name: "close-slices-of-refused",
        text: `
          update job_slices
            set is_open = false, inputs = null, holder = null, lease_until = null, epoch = epoch + 1
            where tenant_id = $1 and job_id = $2 and is_open`,
        values: [reading.tenantId, reading.jobId],
      });
      const state = held.itemsSucceeded > 0 ? "PARTIALLY_FAILED" : "FAILED";
      await this.#end(sql, reading, { items: held.itemsRead, state, failure });
    });
  }

  /** Gives the reading back, for whoever reads on from where it is. */
  async handBack(reading: Reading): Promise<void> {
    await this.#options.database.systemSql({
      name: "hand-back-reading",
      text: `
        update jobs set reader = null, reader_until = null
          where tenant_id = $1 and id = $2 and reader = $3 and reader_epoch = $4`,
      values: [reading.tenantId, reading.jobId, this.#options.instanceId, reading.epoch],
    });
  }

  async #behindTheFence(
    { tenantId, jobId, epoch }: Reading,
    work: (sql: Sql, held: { itemsRead: number; itemsSucceeded: number; itemsFailed: number }) => Promise<void>,
  ): Promise<boolean> {
    return await this.#options.database.jobTransaction(async (sql) => {
      const [held] = await sql({
        name: "hold-reading",
        text: `
          select items_read, items_succeeded, items_failed
            from jobs
            where tenant_id = $1 and id = $2 and reader = $3 and reader_epoch = $4
              and finished_at is null and state <> 'CANCELING'
            for update`,
        values: [tenantId, jobId, this.#options.instanceId, epoch],
      });
      if (held === undefined) return false;
      await work(sql, {
        itemsRead: Number(held["items_read"]),
        itemsSucceeded: Number(held["items_succeeded"]),
        itemsFailed: Number(held["items_failed"]),
      });
      return true;
    });
  }

  async #end(
    sql: Sql,
    { tenantId, jobId }: Reading,
    end: { items: number; state: string | undefined; failure: JobFailure | undefined },
  ): Promise<void> {
    await sql({
      name: "end-reading",
      text: `
        update jobs
          set items_total = $3, items_read = $3, reader = null, reader_until = null,
              state = coalesce($4, state), failure = $5,
              pause = case when $4::text is null then pause end,
              paused_until = case when $4::text is null then paused_until end,
              finished_at = case when $4::text is not null then clock_timestamp() end,
              expires_at = case when $4::text is not null then clock_timestamp() + make_interval(days => $6::integer) end
          where tenant_id = $1 and id = $2`,
      values: [
        tenantId,
        jobId,
        end.items,
        end.state ?? null,
        end.failure === undefined ? null : JSON.stringify(end.failure),
        this.#options.resultsRetentionDays,
      ],
    });
    if (end.state !== undefined) await this.#options.onFinished(sql, { tenantId, jobId, state: end.state });
  }
}
