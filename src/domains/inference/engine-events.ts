import type { ErrorCode } from "../../core/errors.ts";
import type { Logger } from "../../platform/logger.ts";
import type { Batch } from "./lane.ts";
import type { Provider } from "./provider.ts";
import type { Batching } from "./row-layout.ts";

/** What happens in the engine, for metrics and the log. */
export type EngineEvent =
  | {
      kind: "BATCH_ANSWERED";
      versionId: string;
      rows: number;
      left: Batch["left"];
      /** How long the one of its rows that came first had waited when it was sent. */
      queueMs: number;
      /** Choosing its rows. */
      formMs: number;
      /** Within ONNX Runtime. */
      runMs: number;
      /** From sending the batch until its answer was there: running, and both ways through the pipe. */
      roundTripMs: number;
      /** Handing the answers to their requests. */
      splitMs: number;
      provider: Provider;
    }
  /** `isHalved`: it is run again in halves; otherwise its requests have failed. */
  | { kind: "BATCH_FAILED"; versionId: string; rows: number; reason: string; isHalved: boolean }
  | { kind: "REQUEST_REFUSED"; versionId: string; code: ErrorCode; rows: number }
  | { kind: "REQUEST_FAILED"; versionId: string; code: ErrorCode; rows: number }
  | { kind: "RUNNER_STARTED"; pid: number; startMs: number }
  /** `isServing`: another one had taken its place before this was said. */
  | { kind: "RUNNER_ENDED"; pid: number; reason: string; isServing: boolean }
  | { kind: "RUNNER_NOT_STARTED"; reason: string }
  /** It was there for one tenant or for CUDA, and is not needed any more. */
  | { kind: "RUNNER_LEFT"; pid: number }
  /** Runners lack something on this machine that should keep model code in. */
  | { kind: "FENCE_INCOMPLETE"; reason: string }
  /** It broke its runner too often; its requests are refused until it is loaded again. */
  | { kind: "VERSION_QUARANTINED"; versionId: string; reason: string }
  /** It broke a runner, or the memory it has, with inputs of these tenants; of none, where it was being loaded. */
  | { kind: "VERSION_STRUCK"; versionId: string; tenantIds: string[]; reason: string }
  /** Inputs of one tenant broke it again and again: it is kept from that tenant. `position`: of the input, where known. */
  | {
      kind: "VERSION_WITHHELD";
      versionId: string;
      tenantId: string;
      reason: string;
      position: number | undefined;
      forMs: number;
    }
  /** It was accepted before, and could not be loaded onto one more runner. */
  | { kind: "VERSION_NOT_LOADED"; versionId: string; reason: string }
  /** This machine gives rows of the version other bits together than alone: they share fewer batches than they could. */
  | { kind: "BATCHING_REDUCED"; versionId: string; batching: Batching }
  /** It would run on CUDA, and does not. */
  | { kind: "PROVIDER_FELL_BACK"; versionId: string; reason: string }
  | { kind: "PROVIDER_RECOVERED"; versionId: string };

/** Tells the operator of what concerns one. What is not here happens all the time: it is counted, not logged. */
const worthLogging: Partial<Record<EngineEvent["kind"], { level: "info" | "warn" | "error"; message: string }>> = {
  RUNNER_STARTED: { level: "info", message: "a runner is up" },
  RUNNER_ENDED: { level: "warn", message: "a runner ended" },
  RUNNER_NOT_STARTED: { level: "error", message: "a runner could not be started" },
  FENCE_INCOMPLETE: { level: "warn", message: "runners are not fenced in completely on this machine" },
  VERSION_QUARANTINED: { level: "error", message: "a version was taken out of service" },
  VERSION_WITHHELD: { level: "warn", message: "a version is kept from the tenant whose inputs break it" },
  VERSION_STRUCK: { level: "warn", message: "a version broke its runner" },
  VERSION_NOT_LOADED: { level: "error", message: "a version could not be loaded onto one more runner" },
  BATCHING_REDUCED: { level: "warn", message: "sharing batches changes this version's answers here: it shares fewer" },
  PROVIDER_FELL_BACK: { level: "warn", message: "a version runs on the processor instead of CUDA" },
  PROVIDER_RECOVERED: { level: "info", message: "a version runs on CUDA again" },
  BATCH_FAILED: { level: "warn", message: "a batch failed" },
};

export function logEvent(logger: Logger, event: EngineEvent): void {
  const entry = worthLogging[event.kind];
  if (entry !== undefined) logger[entry.level](event, entry.message);
}
