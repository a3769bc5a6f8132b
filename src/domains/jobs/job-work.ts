import type { Database } from "../../platform/database.ts";
import type { Logger } from "../../platform/logger.ts";
import type { Notifications } from "../../platform/notifications.ts";
import { repeatedly } from "../../platform/repeatedly.ts";
import type { JobKeepingStore } from "./job-keeping.store.ts";
import type { JobWatches } from "./job-watches.ts";
import type { Readings } from "./readings.ts";
import type { Workers } from "./workers.ts";

interface JobWorkOptions {
  workers: Workers;
  readings: Readings;
  keeping: JobKeepingStore;
  notifications: Notifications;
  database: Pick<Database, "systemSql">;
  logger: Logger;
  watches: JobWatches;
  /** Otherwise this process only sees to what was canceled and what has expired. */
  isWorker: boolean;
}

const keepingMs = 500;
const sweepMs = 60_000;
/** Those who watch hear of a job a few times a second, however many slices end in it. */
const progressMs = 250;

/** All that a process does for jobs on its own account: working, reading datasets, and cleaning up after others. */
export class JobWork {
  readonly #options: JobWorkOptions;
  readonly #touched = new Set<string>();
  #chores: { stop(): Promise<void> }[] = [];

  constructor(options: JobWorkOptions) {
    this.#options = options;
  }

  start(): void {
    const { workers, readings, keeping, notifications, watches, logger, isWorker } = this.#options;
    for (const channel of ["tollgate_jobs", "tollgate_job_progress"] as const) {
      notifications.subscribe(
        channel,
        (jobId) => watches.changed(jobId),
        () => watches.allChanged(),
      );
    }
    const wake = () => {
      workers.wake();
      readings.wake();
    };
    const retry = (tenantId: string | undefined) => {
      keeping.tryPausedAgain(tenantId).catch((error: unknown) => {
        logger.warn({ err: error }, "paused jobs could not be tried again");
      });
    };
    notifications.subscribe("tollgate_subscriptions", retry, () => retry(undefined));
    if (isWorker) {
      notifications.subscribe("tollgate_jobs", (jobId) => this.#changed(jobId, wake), wake);
      workers.start();
      readings.wake();
    }
    this.#chores = [
      repeatedly({ everyMs: keepingMs, name: "seeing to jobs", logger }, () => this.#keep(wake)),
      repeatedly({ everyMs: progressMs, name: "telling of progress", logger }, () => this.#tell()),
      repeatedly({ everyMs: sweepMs, name: "deleting expired results", logger }, async () => {
        await keeping.sweep();
        await keeping.finishUnserved();
        // A limit may have been raised without anybody saying so.
        await keeping.tryPausedAgain(undefined);
      }),
    ];
  }

  /** Items of the job have ended here. */
  ended(jobId: string): void {
    this.#touched.add(jobId);
  }

  /** Finishes or hands back what is in hand. */
  async close(): Promise<void> {
    const { workers, readings, watches } = this.#options;
    watches.close();
    await Promise.all([workers.close(), readings.close()]);
    await Promise.all(this.#chores.map((chore) => chore.stop()));
  }

  /** A job was submitted, canceled, paused, or goes on. */
  #changed(jobId: string, wake: () => void): void {
    const { workers, keeping, logger } = this.#options;
    wake();
    if (!workers.holds(jobId)) return;
    keeping.isCanceled(jobId).then(
      (isCanceled) => {
        if (isCanceled) workers.abandon(jobId);
      },
      (error: unknown) => logger.warn({ err: error, jobId }, "whether a job was canceled could not be read"),
    );
  }

  async #keep(wake: () => void): Promise<void> {
    const { keeping, isWorker } = this.#options;
    const freed = await keeping.freeOfTheDead();
    await keeping.finishCanceled();
    if (isWorker && freed > 0) wake();
    if (isWorker) this.#options.readings.wake();
  }

  async #tell(): Promise<void> {
    const jobs = [...this.#touched];
    this.#touched.clear();
    if (jobs.length === 0) return;
    await this.#options.database.systemSql({
      name: "tell-progress",
      text: "select pg_notify('tollgate_job_progress', id) from unnest($1::text[]) as id",
      values: [jobs],
    });
  }
}
