import { TollgateError } from "../../core/errors.ts";
import type { Metrics } from "../../platform/metrics.ts";
import type { EngineEvent } from "./engine-events.ts";
import type { Inference } from "./inference.ts";

/** Counts what came of an inference. A model that does not exist is counted under one name: callers invent any number. */
export async function observed(
  metrics: Metrics,
  model: string | undefined,
  work: () => Promise<Inference>,
): Promise<Inference> {
  const startedAt = performance.now();
  const labels = { model: model ?? "unknown" };
  try {
    const inference = await work();
    const version = String(inference.version.version);
    metrics.inferences.inc({ ...labels, version, outcome: "OK" });
    metrics.inputs.inc({ ...labels, version }, inference.outputs.length);
    metrics.inferenceSeconds.observe(labels, (performance.now() - startedAt) / 1000);
    return inference;
  } catch (error) {
    const outcome = error instanceof TollgateError ? error.code : "INTERNAL";
    metrics.inferences.inc({ ...labels, version: "", outcome });
    throw error;
  }
}

/** @param nameOf the version as operators know it, such as `digits/1`. */
export function recordEngineEvent(metrics: Metrics, event: EngineEvent, nameOf: (versionId: string) => string): void {
  switch (event.kind) {
    case "BATCH_ANSWERED": {
      const labels = { version: nameOf(event.versionId) };
      metrics.batchInputs.observe(labels, event.rows);
      metrics.batchSeconds.observe(labels, event.runMs / 1000);
      return;
    }
    case "RUNNER_ENDED":
      metrics.runnerRestarts.inc();
      return;
    // The log tells of these; callers' errors are counted by code where they are sent.
    case "BATCH_FAILED":
    case "REQUEST_REFUSED":
    case "REQUEST_FAILED":
    case "RUNNER_STARTED":
    case "RUNNER_NOT_STARTED":
    case "FENCE_INCOMPLETE":
    case "VERSION_QUARANTINED":
    case "BATCHING_REDUCED":
    case "RUNNER_LEFT":
    case "VERSION_STRUCK":
    case "VERSION_NOT_LOADED":
    case "PROVIDER_FELL_BACK":
    case "PROVIDER_RECOVERED":
      return;
  }
}
