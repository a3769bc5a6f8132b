import { CoalescingStream } from "../../core/coalescing-stream.ts";
import { notFound } from "../../core/errors.ts";
import { isId } from "../../core/ids.ts";
import type { Logger } from "../../platform/logger.ts";
import type { Job } from "./job.ts";
import type { JobsStore } from "./jobs.store.ts";

interface JobWatchesOptions {
  jobs: Pick<JobsStore, "find">;
  logger: Logger;
}

interface Watch {
  tenantId: string;
  jobId: string;
  stream: CoalescingStream<Job>;
}

/**
 * Those who watch jobs at this gateway, wherever the jobs are worked on. Whoever begins to watch is told how the job
 * stands, and then of every change of it; of many changes at once, of the last. So nothing that matters is missed by
 * whoever was away.
 */
export class JobWatches {
  readonly #options: JobWatchesOptions;
  readonly #watches = new Map<string, Set<Watch>>();
  /** Jobs that are being read, and whether they changed meanwhile. */
  readonly #reading = new Map<string, { isStale: boolean }>();

  constructor(options: JobWatchesOptions) {
    this.#options = options;
  }

  /** Ends with the job. Throws NOT_FOUND. */
  async watch(tenantId: string, jobId: string): Promise<AsyncIterable<Job>> {
    if (!isId("job", jobId)) throw notFound("job");
    const watch: Watch = { tenantId, jobId, stream: new CoalescingStream<Job>(latest, () => this.#forget(watch)) };
    // Before the first reading, so that no change falls between the two.
    this.#remember(watch);
    const job = await this.#options.jobs.find(tenantId, jobId).catch((error: unknown) => {
      watch.stream.end();
      throw error;
    });
    if (job === undefined) {
      watch.stream.end();
      throw notFound("job");
    }
    tell(watch, job);
    return watch.stream;
  }

  /** Something about the job changed. */
  changed(jobId: string): void {
    if (!this.#watches.has(jobId)) return;
    const reading = this.#reading.get(jobId);
    if (reading !== undefined) {
      reading.isStale = true;
      return;
    }
    this.#read(jobId).catch((error: unknown) => {
      this.#options.logger.warn({ err: error, jobId }, "a job that is watched could not be read");
    });
  }

  /** Any job may have changed. */
  allChanged(): void {
    for (const jobId of this.#watches.keys()) this.changed(jobId);
  }

  /** Ends every stream: the gateway stops. */
  close(): void {
    for (const watches of this.#watches.values()) for (const { stream } of watches) stream.end();
  }

  async #read(jobId: string): Promise<void> {
    const reading = { isStale: true };
    this.#reading.set(jobId, reading);
    try {
      while (reading.isStale) {
        reading.isStale = false;
        await Promise.all([...(this.#watches.get(jobId) ?? [])].map((watch) => this.#readFor(watch)));
      }
    } finally {
      this.#reading.delete(jobId);
    }
  }

  /** Behind the wall of whoever watches, each for itself. */
  async #readFor(watch: Watch): Promise<void> {
    const job = await this.#options.jobs.find(watch.tenantId, watch.jobId);
    if (job !== undefined) tell(watch, job);
  }

  #remember(watch: Watch): void {
    const watches = this.#watches.get(watch.jobId) ?? new Set();
    this.#watches.set(watch.jobId, watches.add(watch));
  }

  #forget(watch: Watch): void {
    const watches = this.#watches.get(watch.jobId);
    watches?.delete(watch);
    if (watches?.size === 0) this.#watches.delete(watch.jobId);
  }
}

function tell({ stream }: Watch, job: Job): void {
  stream.push(job);
  if (job.finishedAt !== undefined) stream.end();
}

function latest(_waiting: Job, next: Job): Job {
  return next;
}
