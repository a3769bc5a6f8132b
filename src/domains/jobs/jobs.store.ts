import type pg from "pg";
import { newId } from "../../core/ids.ts";
import { type Page, type PageRequest, pageOf } from "../../core/page.ts";
import type { Database, Sql } from "../../platform/database.ts";
import { endpointState } from "../webhooks/endpoint-state.ts";
import type { DatasetColumns } from "./dataset.ts";
import type { Job, JobState } from "./job.ts";
import type { JobExplanation } from "./job-explanation.ts";
import { type JobRow, toJob } from "./job-row.ts";
import { type PackedSlice, packSlices, type Slice } from "./slice.ts";
import { withoutFailed } from "./slice-results.ts";

export interface NewJob {
  id: string;
  modelId: string;
  modelVersionId: string;
  alias: string | undefined;
  topK: number;
  explanation: JobExplanation | undefined;
  /** Inputs that an item is charged as at the most. */
  mostInputs: number;
  /** Told of the end. */
  webhookEndpointId: string | undefined;
  priority: number;
  sliceItems: number;
  apiKeyId: string | undefined;
  userId: string | undefined;
  source: { kind: "INLINE"; slices: Slice[] } | { kind: "DATASET"; datasetId: string; columns: DatasetColumns };
}

/** Why a job is not taken. TOO_MANY: the tenant has as many that have not ended as it may. */
export type JobProblem = "TOO_MANY" | "NO_DATASET" | "NO_WEBHOOK" | "WEBHOOK_DISABLED";

/** Who asks for a change, for the audit log. */
export interface JobActor {
  actorId: string;
  requestId: string | undefined;
}

interface AuditedChange extends JobActor {
  action: string;
  details?: Record<string, string | number>;
}

/** Jobs as their tenant sees and changes them; what workers do to them is slices.store.ts. */
export class JobsStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async insert(
    tenantId: string,
    job: NewJob,
    { by, maxOpen }: { by: JobActor; maxOpen: number },
  ): Promise<Job | JobProblem> {
    const packed = job.source.kind === "INLINE" ? await packSlices(job.source.slices) : [];
    return await this.#database.tenantTransaction(tenantId, async (sql) => {
      const problem = await problemWith(sql, { tenantId, job, maxOpen });
      if (problem !== undefined) return problem;
      const row = await insertJob(sql, tenantId, job);
      if (packed.length > 0) await insertSlices(sql, { tenantId, id: job.id }, packed);
      await audit(sql, { tenantId, id: job.id }, { ...by, action: "job.submit", details: detailsOf(job) });
      return toJob(row);
    });
  }

  async find(tenantId: string, id: string): Promise<Job | undefined> {
    const rows = await this.#database.tenantSql<JobRow>(tenantId, {
      name: "find-job",
      text: "select * from jobs where tenant_id = $1 and id = $2",
      values: [tenantId, id],
    });
    return rows[0] === undefined ? undefined : toJob(rows[0]);
  }

  /** Newest first. */
  async page(tenantId: string, state: JobState | undefined, page: PageRequest): Promise<Page<Job>> {
    const { after = null, first } = page;
    // Two statements, so that each has a plan for the index that serves it: the key, or the state and the key.
    const rows = await this.#database.tenantSql<JobRow>(
      tenantId,
      state === undefined
        ? {
            name: "page-jobs",
            text: "select * from jobs where tenant_id = $1 and ($2::text is null or id < $2) order by id desc limit $3",
            values: [tenantId, after, first + 1],
          }
        : {
            name: "page-jobs-in-state",
            text: `
              select * from jobs
                where tenant_id = $1 and state = $4 and ($2::text is null or id < $2)
                order by id desc
                limit $3`,
            values: [tenantId, after, first + 1, state],
          },
    );
    return pageOf(rows.map(toJob), page);
  }

  /** One that has ended, or is being canceled, stays as it is. What is running is let go by whoever holds it. */
  async cancel(tenantId: string, id: string, by: JobActor): Promise<Job | undefined> {
    return await this.#change(tenantId, id, async (sql, job) => {
      if (job.finishedAt !== undefined || job.state === "CANCELING") return job;
      await audit(sql, { tenantId, id }, { ...by, action: "job.cancel" });
      return await updateJob(sql, { tenantId, id }, "state = 'CANCELING', pause = null, paused_until = null");
    });
  }

  /** Goes on with a paused job under another credential. One that is not paused stays as it is. */
  async resume(
    tenantId: string,
    id: string,
    { by, credential }: { by: JobActor; credential: { apiKeyId: string | undefined; userId: string | undefined } },
  ): Promise<Job | undefined> {
    return await this.#change(tenantId, id, async (sql, job) => {
      if (job.state !== "PAUSED_BY_LIMIT") return job;
      await audit(sql, { tenantId, id }, { ...by, action: "job.resume" });
      return await updateJob(
        sql,
        { tenantId, id },
        "state = 'RUNNING', pause = null, paused_until = null, api_key_id = $3, user_id = $4",
        [credential.apiKeyId ?? null, credential.userId ?? null],
      );
    });
  }

  /** Puts the failed items of a job that has ended back among those that wait. RUNNING where it has not ended. */
  async retry(
    tenantId: string,
    id: string,
    { by, credential }: { by: JobActor; credential: { apiKeyId: string | undefined; userId: string | undefined } },
  ): Promise<Job | "NOT_ENDED" | "NOTHING_FAILED" | "RESULTS_GONE" | undefined> {
    return await this.#change(tenantId, id, async (sql, job) => {
      if (job.finishedAt === undefined) return "NOT_ENDED";
      if (job.resultsDeletedAt !== undefined) return "RESULTS_GONE";
      if (job.itemsFailed === 0 || job.state === "CANCELED") return "NOTHING_FAILED";
      await reopenSlices(sql, { tenantId, id });
      await audit(sql, { tenantId, id }, { ...by, action: "job.retry", details: { items: job.itemsFailed } });
      return await updateJob(
        sql,
        { tenantId, id },
        `state = 'QUEUED', round = round + 1, items_failed = 0, finished_at = null, expires_at = null, recent_items = 0,
         api_key_id = $3, user_id = $4`,
        [credential.apiKeyId ?? null, credential.userId ?? null],
      );
    });
  }

  async #change<T>(tenantId: string, id: string, work: (sql: Sql, job: Job) => Promise<T>): Promise<T | undefined> {
    return await this.#database.tenantTransaction(tenantId, async (sql) => {
      const [row] = await sql({
        name: "hold-job",
        text: "select * from jobs where tenant_id = $1 and id = $2 for update",
        values: [tenantId, id],
      });
      return row === undefined ? undefined : await work(sql, toJob(row as JobRow));
    });
  }
}

interface JobName {
  tenantId: string;
  id: string;
}

/** Holds what the job names: it is there and as it is until the job is, too. */
async function problemWith(
  sql: Sql,
  { tenantId, job, maxOpen }: { tenantId: string; job: NewJob; maxOpen: number },
): Promise<JobProblem | undefined> {
  const { source, webhookEndpointId } = job;
  const [open] = await sql({
    name: "count-open-jobs",
    text: "select count(*)::integer as count from jobs where tenant_id = $1 and finished_at is null",
    values: [tenantId],
  });
  if (open?.["count"] >= maxOpen) return "TOO_MANY";
  if (source.kind === "DATASET" && !(await holdDataset(sql, tenantId, source.datasetId))) return "NO_DATASET";
  if (webhookEndpointId === undefined) return undefined;
  const state = await endpointState(sql, tenantId, webhookEndpointId);
  if (state === "NONE") return "NO_WEBHOOK";
  return state === "DISABLED" ? "WEBHOOK_DISABLED" : undefined;
}

async function insertJob(sql: Sql, tenantId: string, job: NewJob): Promise<JobRow> {
  const { source } = job;
  const items = source.kind === "INLINE" ? source.slices.reduce((sum, { records }) => sum + records.length, 0) : null;
  const [row] = await sql({
    name: "insert-job",
    text: `
      insert into jobs (tenant_id, id, model_id, model_version_id, alias, top_k, priority, slice_items, api_key_id, user_id,
                        dataset_id, columns, items_read, items_total, explain, most_inputs, webhook_endpoint_id)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, coalesce($13::bigint, 0), $13, $14, $15, $16)
        returning *`,
    values: [
      tenantId,
      job.id,
      job.modelId,
      job.modelVersionId,
      job.alias ?? null,
      job.topK,
      job.priority,
      job.sliceItems,
      job.apiKeyId ?? null,
      job.userId ?? null,
      source.kind === "DATASET" ? source.datasetId : null,
      JSON.stringify(source.kind === "DATASET" ? source.columns : {}),
      items,
      job.explanation === undefined ? null : JSON.stringify(job.explanation),
      job.mostInputs,
      job.webhookEndpointId ?? null,
    ],
  });
  return row as JobRow;
}

/** Adds slices that no item of which has been worked on. */
export async function insertSlices(sql: Sql, { tenantId, id }: JobName, slices: readonly PackedSlice[]): Promise<void> {
  await sql({
    name: "insert-job-slices",
    text: `
      insert into job_slices (tenant_id, job_id, slice, first_item, items, inputs, states)
        select $1, $2, slice, first_item, items, inputs, decode(repeat('00', items), 'hex')
          from unnest($3::integer[], $4::bigint[], $5::integer[], $6::bytea[]) as s(slice, first_item, items, inputs)`,
    values: [
      tenantId,
      id,
      slices.map(({ slice }) => slice),
      slices.map(({ firstItem }) => firstItem),
      slices.map(({ items }) => items),
      slices.map(({ inputs }) => inputs),
    ],
  });
}

// Shared: a dataset that is deleted meanwhile would leave a job with nothing to read.
async function holdDataset(sql: Sql, tenantId: string, datasetId: string): Promise<boolean> {
  const rows = await sql({
    name: "hold-dataset",
    text: "select 1 from datasets where tenant_id = $1 and id = $2 and state = 'READY' for share",
    values: [tenantId, datasetId],
  });
  return rows.length > 0;
}

async function updateJob(sql: Sql, { tenantId, id }: JobName, set: string, values: unknown[] = []): Promise<Job> {
  const [row] = await sql({
    text: `update jobs set ${set} where tenant_id = $1 and id = $2 returning *`,
    values: [tenantId, id, ...values],
  });
  return toJob(row as JobRow);
}

const reopenedAtOnce = 100;

async function reopenSlices(sql: Sql, { tenantId, id }: JobName): Promise<void> {
  for (let after = -1; ; ) {
    const rows = await sql({
      name: "failed-slices",
      text: `
        select slice, first_item, states, results
          from job_slices
          where tenant_id = $1 and job_id = $2 and failed > 0 and slice > $3
          order by slice
          limit ${reopenedAtOnce}`,
      values: [tenantId, id, after],
    });
    if (rows.length === 0) return;
    for (const row of rows) await reopenSlice(sql, { tenantId, id }, row);
    after = rows.at(-1)?.["slice"];
  }
}

async function reopenSlice(sql: Sql, { tenantId, id }: JobName, row: pg.QueryResultRow): Promise<void> {
  const merged = withoutFailed({ states: row["states"], results: row["results"] }, Number(row["first_item"]));
  await sql({
    name: "reopen-slice",
    text: `
      update job_slices
        set states = $4, results = $5, failed = 0, jsonl_bytes = $6, csv_bytes = $7, is_open = true, attempts = 0,
            epoch = epoch + 1
        where tenant_id = $1 and job_id = $2 and slice = $3`,
    values: [tenantId, id, row["slice"], merged.states, merged.results, merged.jsonlBytes, merged.csvBytes],
  });
}

function detailsOf(job: NewJob): Record<string, string | number> {
  const { source } = job;
  return {
    modelVersionId: job.modelVersionId,
    ...(source.kind === "DATASET" ? { datasetId: source.datasetId } : { slices: source.slices.length }),
  };
}

// With the transaction of what it tells of, which is SQL and not Prisma's.
async function audit(
  sql: Sql,
  { tenantId, id }: JobName,
  { actorId, requestId, action, details = {} }: AuditedChange,
): Promise<void> {
  await sql({
    name: "audit-job",
    text: `
      insert into audit_events (id, tenant_id, actor_id, action, subject_id, details, request_id)
        values ($1, $2, $3, $4, $5, $6, $7)`,
    values: [newId("auditEvent"), tenantId, actorId, action, id, JSON.stringify(details), requestId ?? null],
  });
}
