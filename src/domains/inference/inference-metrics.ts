import { TollgateError } from "../../core/errors.ts";
import type { Metrics } from "../../platform/metrics.ts";
import type { Model } from "../models/model.ts";
import type { EngineEvent } from "./engine-events.ts";
import type { Inference } from "./inference.ts";

/** All models of tenants' own: they name them as they like, and make any number of them. */
export const ownModels = "own";

/** Counts what came of an inference. A model that does not exist is counted under one name: callers invent any number. */
export async function observed(
  metrics: Metrics,
  asked: Model | undefined,
  work: () => Promise<Inference>,
): Promise<Inference> {
  const startedAt = performance.now();
  const isOwn = asked?.ownerTenantId !== undefined;
  const labels = { model: isOwn ? ownModels : (asked?.name ?? "unknown") };
  try {
    const inference = await work();
    const version = isOwn ? "" : String(inference.version.version);
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
    case "BATCH_ANSWERED":
      recordBatch(metrics, event, { version: nameOf(event.versionId) });
      return;
    case "BATCH_FAILED":
      metrics.batchFailures.inc({
        version: nameOf(event.versionId),
        outcome: event.isHalved ? "HALVED" : "FAILED",
      });
      return;
    case "REQUEST_REFUSED":
      metrics.refusals.inc({ version: nameOf(event.versionId), code: event.code });
      return;
    case "REQUEST_FAILED":
      metrics.failures.inc({ version: nameOf(event.versionId), code: event.code });
      return;
    case "VERSION_STRUCK":
      metrics.versionStrikes.inc({ version: nameOf(event.versionId) });
      return;
    case "VERSION_QUARANTINED":
      metrics.versionsQuarantined.inc({ version: nameOf(event.versionId) });
      return;
    case "VERSION_WITHHELD":
      metrics.versionsWithheld.inc({ version: nameOf(event.versionId) });
      return;
    case "PROVIDER_FELL_BACK":
      metrics.providerFallbacks.inc({ version: nameOf(event.versionId) });
      return;
    case "RUNNER_ENDED":
      metrics.runnerRestarts.inc();
      return;
    // The log tells of these.
    case "RUNNER_STARTED":
    case "RUNNER_NOT_STARTED":
    case "RUNNER_LEFT":
    case "FENCE_INCOMPLETE":
    case "VERSION_NOT_LOADED":
    case "BATCHING_REDUCED":
    case "PROVIDER_RECOVERED":
      return;
  }
}

function recordBatch(
  metrics: Metrics,
  batch: Extract<EngineEvent, { kind: "BATCH_ANSWERED" }>,
  labels: { version: string },
): void {
  metrics.batchInputs.observe(labels, batch.rows);
  metrics.batches.inc({ ...labels, left: batch.left });
  metrics.batchQueueSeconds.observe(labels, batch.queueMs / 1000);
  metrics.batchFormSeconds.observe(labels, batch.formMs / 1000);
  metrics.batchTransportSeconds.observe(labels, (batch.roundTripMs - batch.runMs) / 1000);
  metrics.batchSeconds.observe(labels, batch.runMs / 1000);
  metrics.batchSplitSeconds.observe(labels, batch.splitMs / 1000);
}
