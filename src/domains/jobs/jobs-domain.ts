import type { Clock } from "../../core/clock.ts";
import type { Config } from "../../platform/config.ts";
import type { Database, Sql } from "../../platform/database.ts";
import type { Logger } from "../../platform/logger.ts";
import type { Metrics } from "../../platform/metrics.ts";
import type { Notifications } from "../../platform/notifications.ts";
import type { Engine } from "../inference/engine.ts";
import type { Catalogue } from "../models/catalogue.ts";
import type { QuotedUsage } from "../usage/quoted-usage.ts";
import type { Dataset } from "./dataset.ts";
import { DatasetsResolver, toDatasetType } from "./datasets.resolver.ts";
import { DatasetsService } from "./datasets.service.ts";
import { DatasetsStore } from "./datasets.store.ts";
import { announceFinished, type FinishedJob } from "./finished-job.ts";
import type { ChargeWithin } from "./item-charge.ts";
import { JobEstimates } from "./job-estimates.ts";
import { JobItemsResolver } from "./job-items.resolver.ts";
import { JobItemsStore } from "./job-items.store.ts";
import { JobKeepingStore } from "./job-keeping.store.ts";
import { JobWatches } from "./job-watches.ts";
import { JobWork } from "./job-work.ts";
import { JobsResolver } from "./jobs.resolver.ts";
import { JobsService } from "./jobs.service.ts";
import { JobsStore } from "./jobs.store.ts";
import { ReadingStore } from "./reading.store.ts";
import { Readings } from "./readings.ts";
import { ResultsService } from "./results.service.ts";
import { ResultsStore } from "./results.store.ts";
import { SliceRunner } from "./slice-runner.ts";
import { leaseMs, SlicesStore } from "./slices.store.ts";
import { Workers } from "./workers.ts";

export interface JobsDomainOptions {
  config: Config;
  logger: Logger;
  clock: Clock;
  database: Database;
  notifications: Notifications;
  metrics: Metrics;
  instanceId: string;
  catalogue: Catalogue;
  engine: Engine;
  charge: ChargeWithin;
  quote: (tenantId: string, modelId: string, usage: QuotedUsage) => Promise<bigint | undefined>;
  isInstanceAlive: (instanceId: string) => Promise<boolean>;
}

/** What the doors need of jobs, and the work on them. */
export interface JobsDomain {
  resolvers: readonly object[];
  datasets: DatasetsService;
  results: ResultsService;
  work: JobWork;
  /** For `node(id)`. */
  shownById(tenantId: string, id: string): Promise<object | undefined>;
  datasetById(tenantId: string, id: string): Promise<object | undefined>;
}

/** Builds the domain. Nothing is worked on before `work.start()`. */
export function buildJobs(options: JobsDomainOptions): JobsDomain {
  const { config, database, catalogue, engine } = options;
  const jobs = new JobsStore(database);
  const datasetsStore = new DatasetsStore(database);
  const datasets = new DatasetsService({
    store: datasetsStore,
    maxBytes: config.maxDatasetBytes,
    retentionDays: config.datasetRetentionDays,
  });
  const msPerInput = (versionId: string) =>
    engine.state().lanes.find((lane) => lane.versionId === versionId)?.msPerInput;
  const service = new JobsService({ catalogue, jobs, datasets: datasetsStore });
  const estimates = new JobEstimates({ catalogue, datasets: datasetsStore, quote: options.quote, msPerInput });
  const watches = new JobWatches({ jobs, logger: options.logger });
  const resolver = new JobsResolver({ service, estimates, jobs, watches, catalogue });
  return {
    resolvers: [resolver, new JobItemsResolver(new JobItemsStore(database)), new DatasetsResolver(datasets)],
    datasets,
    shownById: async (tenantId, id) => resolver.shown(await jobs.find(tenantId, id)),
    datasetById: async (tenantId, id) => toShown(await datasetsStore.find(tenantId, id)),
    results: new ResultsService({ jobs, results: new ResultsStore(database) }),
    work: buildWork(options, { datasets: datasetsStore, watches }),
  };
}

function toShown(dataset: Dataset | undefined): object | undefined {
  return dataset === undefined ? undefined : toDatasetType(dataset);
}

function buildWork(
  options: JobsDomainOptions,
  { datasets, watches }: { datasets: DatasetsStore; watches: JobWatches },
): JobWork {
  const { config, database, logger, instanceId, engine, metrics } = options;
  const onFinished = async (sql: Sql, job: FinishedJob) => {
    await announceFinished(sql, job);
    metrics.jobsFinished.inc({ state: job.state });
  };
  const { resultsRetentionDays } = config;
  const workers = new Workers({
    slices: new SlicesStore({ database, instanceId, charge: options.charge, onFinished, resultsRetentionDays }),
    // Less than the lease, by as much as a commit may take.
    runner: new SliceRunner({ catalogue: options.catalogue, engine, runTimeoutMs: leaseMs - 10_000 }),
    costs: () => Object.fromEntries(engine.state().lanes.map(({ versionId, msPerInput }) => [versionId, msPerInput])),
    concurrency: config.workers,
    logger,
    onEnded: (jobId, items) => {
      metrics.jobItems.inc(items);
      work.ended(jobId);
    },
  });
  const work: JobWork = new JobWork({
    workers,
    readings: new Readings({
      readings: new ReadingStore({ database, instanceId, onFinished, resultsRetentionDays }),
      datasets,
      logger,
      onSlices: () => workers.wake(),
    }),
    keeping: new JobKeepingStore({
      database,
      isInstanceAlive: options.isInstanceAlive,
      onFinished,
      resultsRetentionDays,
    }),
    notifications: options.notifications,
    database,
    logger,
    watches,
    isWorker: config.workers > 0,
  });
  return work;
}
