import type { ErrorCode } from "../../core/errors.ts";
import type { Logger } from "../../platform/logger.ts";
import type { Batch } from "./lane.ts";

/** What happens in the engine, for metrics and the log. */
export type EngineEvent =
  | {
      kind: "BATCH_ANSWERED";
      versionId: string;
      rows: number;
      left: Batch["left"];
      /** Within ONNX Runtime. */
      runMs: number;
      /** From sending the batch until its answer was there: running, and both ways through the pipe. */
      roundTripMs: number;
      provider: "CPU" | "CUDA";
    }
  /** `isHalved`: it is run again in halves; otherwise its requests have failed. */
  | { kind: "BATCH_FAILED"; versionId: string; rows: number; reason: string; isHalved: boolean }
  | { kind: "REQUEST_REFUSED"; versionId: string; code: ErrorCode; rows: number }
  | { kind: "REQUEST_FAILED"; versionId: string; code: ErrorCode; rows: number }
  | { kind: "RUNNER_STARTED"; pid: number; startMs: number }
  /** `isServing`: another one had taken its place before this was said. */
  | { kind: "RUNNER_ENDED"; pid: number; reason: string; isServing: boolean }
  | { kind: "RUNNER_NOT_STARTED"; reason: string }
  /** Runners lack something on this machine that should keep model code in. */
  | { kind: "FENCE_INCOMPLETE"; reason: string }
  /** It broke its runner too often; its requests are refused until it is loaded again. */
  | { kind: "VERSION_QUARANTINED"; versionId: string; reason: string }
  /** This machine gives rows of the version other bits together than alone: they are run one by one. */
  | { kind: "BATCHING_OFF"; versionId: string };

/** Tells the operator of what concerns one. What is not here happens all the time: it is counted, not logged. */
const worthLogging: Partial<Record<EngineEvent["kind"], { level: "info" | "warn" | "error"; message: string }>> = {
  RUNNER_STARTED: { level: "info", message: "a runner is up" },
  RUNNER_ENDED: { level: "warn", message: "a runner ended" },
  RUNNER_NOT_STARTED: { level: "error", message: "a runner could not be started" },
  FENCE_INCOMPLETE: { level: "warn", message: "runners are not fenced in completely on this machine" },
  VERSION_QUARANTINED: { level: "error", message: "a version was taken out of service" },
  BATCHING_OFF: {
    level: "warn",
    message: "batching changes this version's answers here: its inputs are run one by one",
  },
  BATCH_FAILED: { level: "warn", message: "a batch failed" },
};

export function logEvent(logger: Logger, event: EngineEvent): void {
  const entry = worthLogging[event.kind];
  if (entry !== undefined) logger[entry.level](event, entry.message);
}
