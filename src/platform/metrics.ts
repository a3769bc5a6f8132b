import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** The Prometheus series of this process, for operators. They name models and codes, never tenants or keys. */
export type Metrics = ReturnType<typeof createMetrics>;

const durationBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** What happens around a run takes microseconds. */
const stageBuckets = [0.00001, 0.000025, 0.00005, 0.0001, 0.00025, ...durationBuckets];
const sizeBuckets = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: "tollgate_" });
  const registers = [registry];
  return {
    registry,
    ...inferenceMetrics(registers),
    ...batchMetrics(registers),
    ...runnerMetrics(registers),
    ...ledgerMetrics(registers),
    ...billingMetrics(registers),
    ...jobMetrics(registers),
    ...webhookMetrics(registers),
    ...streamMetrics(registers),
  };
}

function inferenceMetrics(registers: Registry[]) {
  return {
    inferences: new Counter({
      name: "tollgate_inferences_total",
      help: "Inferences by model, version and outcome (OK or an error code).",
      labelNames: ["model", "version", "outcome"] as const,
      registers,
    }),
    inputs: new Counter({
      name: "tollgate_inputs_total",
      help: "Inputs answered, by model and version.",
      labelNames: ["model", "version"] as const,
      registers,
    }),
    inferenceSeconds: new Histogram({
      name: "tollgate_inference_seconds",
      help: "Seconds from taking an inference to its answer, metering included.",
      labelNames: ["model"] as const,
      buckets: durationBuckets,
      registers,
    }),
    errors: new Counter({
      name: "tollgate_errors_total",
      help: "Errors sent to callers, by code.",
      labelNames: ["code"] as const,
      registers,
    }),
  };
}

function batchMetrics(registers: Registry[]) {
  const seconds = (stage: string, help: string) =>
    new Histogram({
      name: `tollgate_batch_${stage}_seconds`,
      help,
      labelNames: ["version"] as const,
      buckets: stageBuckets,
      registers,
    });
  return {
    batchInputs: new Histogram({
      name: "tollgate_batch_inputs",
      help: "Inputs in a batch, by version.",
      labelNames: ["version"] as const,
      buckets: sizeBuckets,
      registers,
    }),
    batchQueueSeconds: seconds("queue", "Seconds that the first of a batch's inputs had waited when it was sent."),
    batchFormSeconds: seconds("form", "Seconds of choosing the inputs of a batch."),
    batchTransportSeconds: seconds("transport", "Seconds of a batch's way to its runner and back."),
    batchSeconds: seconds("run", "Seconds that a batch ran, by version."),
    batchSplitSeconds: seconds("split", "Seconds of handing the answers of a batch to its requests."),
    batches: new Counter({
      name: "tollgate_batches_total",
      help: "Batches answered, by version and by why they left with as many inputs as they did.",
      labelNames: ["version", "left"] as const,
      registers,
    }),
    batchFailures: new Counter({
      name: "tollgate_batch_failures_total",
      help: "Batches that failed, by version, and whether they were run again in halves (HALVED) or given up (FAILED).",
      labelNames: ["version", "outcome"] as const,
      registers,
    }),
    refusals: new Counter({
      name: "tollgate_engine_refusals_total",
      help: "Requests that the queue did not take, by version and error code.",
      labelNames: ["version", "code"] as const,
      registers,
    }),
    failures: new Counter({
      name: "tollgate_engine_failures_total",
      help: "Requests that the queue took and that were not answered, by version and error code.",
      labelNames: ["version", "code"] as const,
      registers,
    }),
  };
}

function runnerMetrics(registers: Registry[]) {
  return {
    runnerRestarts: new Counter({
      name: "tollgate_runner_restarts_total",
      help: "Runners that had to be replaced.",
      registers,
    }),
    queuedInputs: new Gauge({ name: "tollgate_queued_inputs", help: "Inputs that wait for a runner.", registers }),
    versionStrikes: new Counter({
      name: "tollgate_version_strikes_total",
      help: "Times that a version broke its runner or the memory it has, by version.",
      labelNames: ["version"] as const,
      registers,
    }),
    versionsWithheld: new Counter({
      name: "tollgate_versions_withheld_total",
      help: "Times that a version was kept from a tenant whose inputs broke it again and again, by version.",
      labelNames: ["version"] as const,
      registers,
    }),
    versionsQuarantined: new Counter({
      name: "tollgate_versions_quarantined_total",
      help: "Times that a version was taken out of service because it broke its runner too often, by version.",
      labelNames: ["version"] as const,
      registers,
    }),
    providerFallbacks: new Counter({
      name: "tollgate_provider_fallbacks_total",
      help: "Times that a version had to run on the processor instead of CUDA, by version.",
      labelNames: ["version"] as const,
      registers,
    }),
  };
}

function ledgerMetrics(registers: Registry[]) {
  return {
    commitGroup: new Histogram({
      name: "tollgate_charge_group_requests",
      help: "Requests that shared a commit of the ledger.",
      buckets: sizeBuckets,
      registers,
    }),
    commitSeconds: new Histogram({
      name: "tollgate_charge_commit_seconds",
      help: "Seconds of a commit of the ledger.",
      buckets: durationBuckets,
      registers,
    }),
    shadowRefusals: new Counter({
      name: "tollgate_shadow_refusals_total",
      help: "Requests that limits in shadow mode would have refused, once for each such limit.",
      registers,
    }),
    ledgerDrift: new Gauge({
      name: "tollgate_ledger_drift",
      help: "Counters and rollups that are known to differ from what the usage events add up to. It must be 0.",
      registers,
    }),
    owedReversals: new Gauge({
      name: "tollgate_ledger_owed_reversals",
      help: "Charges to be taken back as soon as the database answers.",
      registers,
    }),
  };
}

function billingMetrics(registers: Registry[]) {
  return {
    invoicesIssued: new Counter({
      name: "tollgate_invoices_issued_total",
      help: "Invoices that the scheduled run of this process has issued.",
      registers,
    }),
    invoicesWithheld: new Gauge({
      name: "tollgate_invoices_withheld",
      help: "Tenants that the last scheduled run could not invoice: the log says why.",
      registers,
    }),
  };
}

function jobMetrics(registers: Registry[]) {
  return {
    jobItems: new Counter({
      name: "tollgate_job_items_total",
      help: "Items of jobs that ended here, answered or failed.",
      registers,
    }),
    jobsFinished: new Counter({
      name: "tollgate_jobs_finished_total",
      help: "Jobs that ended here, by the state that they ended in.",
      labelNames: ["state"] as const,
      registers,
    }),
  };
}

function webhookMetrics(registers: Registry[]) {
  return {
    webhookAttempts: new Counter({
      name: "tollgate_webhook_attempts_total",
      help: "Webhooks sent, by what came of it: DELIVERED, RETRY, EXHAUSTED or GONE.",
      labelNames: ["outcome"] as const,
      registers,
    }),
    webhookAttemptSeconds: new Histogram({
      name: "tollgate_webhook_attempt_seconds",
      help: "Seconds that a receiver of webhooks took.",
      buckets: durationBuckets,
      registers,
    }),
    webhookDelaySeconds: new Histogram({
      name: "tollgate_webhook_delay_seconds",
      help: "Seconds from an event to its arrival at an endpoint.",
      buckets: [0.1, 0.5, 1, 5, 30, 120, 600, 3_600, 21_600, 86_400, 345_600],
      registers,
    }),
  };
}

function streamMetrics(registers: Registry[]) {
  return {
    /** Counted when somebody asks. */
    collectStreams: (count: () => number) =>
      new Gauge({
        name: "tollgate_streams",
        help: "Connections on which callers are told things as they happen.",
        registers,
        collect() {
          this.set(count());
        },
      }),
  };
}
