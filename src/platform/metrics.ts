import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** The Prometheus series of this process, for operators. They name models and codes, never tenants or keys. */
export type Metrics = ReturnType<typeof createMetrics>;

const durationBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const sizeBuckets = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: "tollgate_" });
  const registers = [registry];
  return {
    registry,
    ...inferenceMetrics(registers),
    ...runnerMetrics(registers),
    ...ledgerMetrics(registers),
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

function runnerMetrics(registers: Registry[]) {
  return {
    batchInputs: new Histogram({
      name: "tollgate_batch_inputs",
      help: "Inputs in a batch, by version.",
      labelNames: ["version"] as const,
      buckets: sizeBuckets,
      registers,
    }),
    batchSeconds: new Histogram({
      name: "tollgate_batch_run_seconds",
      help: "Seconds that a batch ran, by version.",
      labelNames: ["version"] as const,
      buckets: durationBuckets,
      registers,
    }),
    runnerRestarts: new Counter({
      name: "tollgate_runner_restarts_total",
      help: "Runners that had to be replaced.",
      registers,
    }),
    queuedInputs: new Gauge({ name: "tollgate_queued_inputs", help: "Inputs that wait for a runner.", registers }),
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
