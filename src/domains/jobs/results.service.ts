import { notFound, TollgateError } from "../../core/errors.ts";
import { isId } from "../../core/ids.ts";
import type { TenantPrincipal } from "../../core/principal.ts";
import type { Job } from "./job.ts";
import type { JobsStore } from "./jobs.store.ts";
import { csvHeader, csvRowOf } from "./result-csv.ts";
import type { ResultFormat, ResultsStore } from "./results.store.ts";
import { unpackLines, unpackText } from "./slice.ts";
import { indexOf } from "./slice-results.ts";

/** What is to be sent: the whole, the bytes from one to another (which is sent too), or what follows an item. */
export type Wanted =
  | { kind: "ALL" }
  | { kind: "RANGE"; start: number; end: number | undefined }
  | { kind: "AFTER"; item: number };

export interface ResultBytes {
  /** Where they begin and end (not included) in the whole, and how long that is. */
  start: number;
  end: number;
  total: number;
  /** Names these bytes for good: a job that is retried has others. */
  etag: string;
  /** Whether more will come. */
  isComplete: boolean;
  bytes: AsyncIterable<Buffer>;
}

/** Streams the results of a job in the order of its items, from any byte or any item. */
export class ResultsService {
  readonly #jobs: JobsStore;
  readonly #results: ResultsStore;

  constructor({ jobs, results }: { jobs: JobsStore; results: ResultsStore }) {
    this.#jobs = jobs;
    this.#results = results;
  }

  /** Undefined where the range lies behind the end. Throws NOT_FOUND, also for results that are past their time. */
  async open(
    { tenantId }: TenantPrincipal,
    jobId: string,
    { format, wanted }: { format: ResultFormat; wanted: Wanted },
  ): Promise<ResultBytes | undefined> {
    const job = isId("job", jobId) ? await this.#jobs.find(tenantId, jobId) : undefined;
    if (job === undefined) throw notFound("job");
    if (job.resultsDeletedAt !== undefined) throw gone(job.resultsDeletedAt);
    const headerBytes = format === "CSV" ? csvHeader.length : 0;
    const { slices, bytes } = await this.#results.extent(tenantId, jobId, format);
    const total = headerBytes + bytes;
    const start = await this.#startOf(tenantId, job, { format, wanted, total, headerBytes });
    const end = wanted.kind === "RANGE" ? Math.min(total, (wanted.end ?? total - 1) + 1) : total;
    if (wanted.kind === "RANGE" && start >= total) return undefined;
    return {
      start,
      end,
      total,
      etag: `"${job.id}-${job.round}-${format.toLowerCase()}"`,
      isComplete: job.finishedAt !== undefined,
      bytes: this.#stream(tenantId, jobId, { format, start, end, slices, headerBytes }),
    };
  }

  async #startOf(
    tenantId: string,
    { id }: Job,
    {
      format,
      wanted,
      total,
      headerBytes,
    }: { format: ResultFormat; wanted: Wanted; total: number; headerBytes: number },
  ): Promise<number> {
    if (wanted.kind === "ALL") return 0;
    if (wanted.kind === "RANGE") return wanted.start;
    return Math.min(total, headerBytes + (await this.#bytesBefore(tenantId, id, { format, item: wanted.item + 1 })));
  }

  /** The bytes of all items before this one. */
  async #bytesBefore(
    tenantId: string,
    jobId: string,
    { format, item }: { format: ResultFormat; item: number },
  ): Promise<number> {
    const { slice, start, results } = await this.#results.sliceOf(tenantId, jobId, { format, item });
    if (slice === undefined || results === undefined) return start;
    const before = unpackLines(results).filter((line) => indexOf(line) < item);
    return start + sizeOf(before, format);
  }

  async *#stream(
    tenantId: string,
    jobId: string,
    part: { format: ResultFormat; start: number; end: number; slices: number; headerBytes: number },
  ): AsyncGenerator<Buffer> {
    const { format, start, end, slices, headerBytes } = part;
    if (start < headerBytes) yield Buffer.from(csvHeader).subarray(start, Math.min(end, headerBytes));
    const from = Math.max(0, start - headerBytes);
    const to = end - headerBytes;
    const first = to > from ? await this.#results.sliceAt(tenantId, jobId, { format, byte: from }) : undefined;
    if (first === undefined) return;
    let at = first.start;
    for await (const { bytes, results } of this.#results.between(tenantId, jobId, {
      from: first.slice,
      to: slices,
      format,
    })) {
      if (at >= to) return;
      const whole = results === undefined ? Buffer.alloc(0) : rendered(results, format);
      yield whole.subarray(Math.max(0, from - at), Math.max(0, to - at));
      at += bytes;
    }
  }
}

function rendered(results: Uint8Array, format: ResultFormat): Buffer {
  return format === "JSONL" ? unpackText(results) : Buffer.from(unpackLines(results).map(csvRowOf).join(""));
}

function sizeOf(lines: readonly string[], format: ResultFormat): number {
  const texts = format === "CSV" ? lines.map(csvRowOf) : lines.map((line) => `${line}\n`);
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
}

function gone(deletedAt: Date): TollgateError {
  return new TollgateError(
    "NOT_FOUND",
    `The results of this job were deleted at ${deletedAt.toISOString()}: they are kept for RESULTS_RETENTION_DAYS after its end.`,
  );
}
