import { TollgateError } from "../../core/errors.ts";
import type { AliasWatch } from "../models/alias-watch.ts";
import type { Engine, RunRequest, RunResult } from "./engine.ts";

type WatchableEngine = Pick<Engine, "run" | "usualMsPerInput">;

/** The engine as inferences use it: what comes of each is told to whoever watches the aliases. */
export function watchedEngine(
  engine: WatchableEngine,
  watch: Pick<AliasWatch, "record" | "isWatching">,
): WatchableEngine {
  return {
    usualMsPerInput: (versionId) => engine.usualMsPerInput(versionId),
    run: async (request) => {
      if (!isCallers(request) || !watch.isWatching(request.versionId)) return await engine.run(request);
      const startedAt = performance.now();
      const tell = (isFailed: boolean) =>
        watch.record(request.versionId, { ms: performance.now() - startedAt, isFailed });
      try {
        const result = await engine.run(request);
        tell(hasNoNumber(result));
        return result;
      } catch (error) {
        if (isOurFailure(error, request)) tell(true);
        throw error;
      }
    },
  };
}

/** Explanations and jobs wait behind others by design: their times say nothing of the version. */
function isCallers({ kind = "INTERACTIVE" }: RunRequest): boolean {
  return kind === "INTERACTIVE";
}

function isOurFailure(error: unknown, { abandoned }: RunRequest): boolean {
  if (abandoned?.aborted === true) return false;
  return error instanceof TollgateError && (error.code === "MODEL_FAILED" || error.code === "DEADLINE_EXCEEDED");
}

/** Such an answer is refused to its caller as MODEL_FAILED. */
function hasNoNumber({ outputs }: RunResult): boolean {
  return outputs.some((row) => row.some((data) => data instanceof Float32Array && !data.every(Number.isFinite)));
}
