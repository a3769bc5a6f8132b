import type { Database } from "../../platform/database.ts";

/** A run of result bytes that lie in one slice. */
export interface ResultPart {
  slice: number;
  firstItem: number;
  /** In the format that was asked for. */
  bytes: number;
  results: Uint8Array | undefined;
}

export type ResultFormat = "JSONL" | "CSV";

/** Slices read at once. */
const readAtOnce = 16;

/** The results of a job, in the order of its items. */
export class ResultsStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * How many slices can be sent, and their bytes. Of a job that has ended all of them; of one that has not, those before
   * the first that is open, whose bytes stay as they are.
   */
  async extent(tenantId: string, jobId: string, format: ResultFormat): Promise<{ slices: number; bytes: number }> {
    const [row] = await this.#database.tenantSql<{ slices: number; bytes: string }>(tenantId, {
      name: `result-extent-${format}`,
      text: `
        select count(*)::integer as slices, coalesce(sum(${bytesOf(format)}), 0) as bytes
          from job_slices s
          where s.tenant_id = $1 and s.job_id = $2
            and s.slice < coalesce(
              (select min(o.slice) from job_slices o where o.tenant_id = $1 and o.job_id = $2 and o.is_open), 2147483647)`,
      values: [tenantId, jobId],
    });
    return { slices: row?.slices ?? 0, bytes: Number(row?.bytes ?? 0) };
  }

  /** The slice that holds a byte of the results, and at which byte it begins. */
  async sliceAt(
    tenantId: string,
    jobId: string,
    { format, byte }: { format: ResultFormat; byte: number },
  ): Promise<{ slice: number; start: number } | undefined> {
    const [row] = await this.#database.tenantSql<{ slice: number; start: string }>(tenantId, {
      name: `result-slice-${format}`,
      text: `
        select slice, ends_at - bytes as start
          from (select slice, ${bytesOf(format)} as bytes, sum(${bytesOf(format)}) over (order by slice) as ends_at
                  from job_slices where tenant_id = $1 and job_id = $2) s
          where ends_at > $3
          order by slice limit 1`,
      values: [tenantId, jobId, byte],
    });
    return row === undefined ? undefined : { slice: row.slice, start: Number(row.start) };
  }

  /** The slice that holds an item, at which byte it begins, and what it holds. Past the last item: only where that ends. */
  async sliceOf(
    tenantId: string,
    jobId: string,
    { format, item }: { format: ResultFormat; item: number },
  ): Promise<{ slice: number | undefined; start: number; results: Uint8Array | undefined }> {
    const [row] = await this.#database.tenantSql<{ slice: number | null; start: string; results: Uint8Array | null }>(
      tenantId,
      {
        name: `slice-of-item-${format}`,
        text: `
          with wanted as (
            select slice, results from job_slices
              where tenant_id = $1 and job_id = $2 and first_item + items > $3
              order by slice limit 1)
          select (select slice from wanted) as slice, (select results from wanted) as results,
                 coalesce(sum(${bytesOf(format)}), 0) as start
            from job_slices
            where tenant_id = $1 and job_id = $2 and slice < coalesce((select slice from wanted), 2147483647)`,
        values: [tenantId, jobId, item],
      },
    );
    return { slice: row?.slice ?? undefined, start: Number(row?.start ?? 0), results: row?.results ?? undefined };
  }

  /** Slices from one up to another, which is not part of it; a few in memory at a time. */
  async *between(
    tenantId: string,
    jobId: string,
    { from, to, format }: { from: number; to: number; format: ResultFormat },
  ): AsyncGenerator<ResultPart> {
    for (let next = from; next < to; ) {
      const rows = await this.#database.tenantSql<{
        slice: number;
        first_item: string;
        bytes: number;
        results: Uint8Array | null;
      }>(tenantId, {
        name: `result-slices-${format}`,
        text: `
          select slice, first_item, ${bytesOf(format)} as bytes, results from job_slices
            where tenant_id = $1 and job_id = $2 and slice >= $3 and slice < $4
            order by slice limit ${readAtOnce}`,
        values: [tenantId, jobId, next, to],
      });
      for (const row of rows) {
        const { slice, bytes, results } = row;
        yield { slice, bytes, firstItem: Number(row.first_item), results: results ?? undefined };
      }
      const last = rows.at(-1);
      if (last === undefined) return;
      next = last.slice + 1;
    }
  }
}

function bytesOf(format: ResultFormat): string {
  return format === "JSONL" ? "jsonl_bytes" : "csv_bytes";
}
