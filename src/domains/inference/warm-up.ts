import { messageOf, TollgateError } from "../../core/errors.ts";
import { tryBatching } from "./batching-trial.ts";
import { differenceBetween, type GoldenRow, goldenRows } from "./golden.ts";
import type { LoadedVersion } from "./loaded-version.ts";
import { type Runner, RunnerGone } from "./runner.ts";
import type { Row } from "./tensor.ts";

interface WarmUp {
  /** The bytes of its file. */
  model: Uint8Array;
  deadlineAt: number;
}

interface Answered {
  row: Row;
  /** What it was answered in a batch of its own. */
  alone: Row;
  runMs: number;
}

/** CUDA may round a product to ten bits (TF32): what it answers may lie this far from what the processor did. */
const cudaTolerance = 1e-3;

/**
 * Loads a version onto a runner and runs its golden samples there: the runner is warm afterwards, and known to give the
 * answers that were expected. Throws MODEL_REJECTED with a reason for whoever made the model.
 */
export async function warmUp(runner: Runner, version: LoadedVersion, { model, deadlineAt }: WarmUp): Promise<void> {
  await released(runner, version, { deadlineAt, work: () => loadAndCompare(runner, version, { model, deadlineAt }) });
}

/** The same for the first time: tries how its rows can share batches, too. */
export async function tryOut(
  runner: Runner,
  version: LoadedVersion,
  { model, deadlineAt }: WarmUp,
): Promise<Pick<LoadedVersion, "batching" | "answers" | "firstRuns">> {
  const work = async () => {
    const answered = await loadAndCompare(runner, version, { model, deadlineAt });
    const batching = await tryBatching(runner, version, { answered, deadlineAt });
    return {
      batching,
      answers: answered.map(({ alone }) => alone),
      firstRuns: answered.map(({ row, runMs }) => ({ units: version.layout.costOf(row), ms: runMs })),
    };
  };
  return await released(runner, version, { deadlineAt, work });
}

async function released<T>(
  runner: Runner,
  version: LoadedVersion,
  { deadlineAt, work }: { deadlineAt: number; work: () => Promise<T> },
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (runner.holds(version)) await runner.release(version, deadlineAt).catch(() => undefined);
    throw rejected(version, error);
  }
}

async function loadAndCompare(
  runner: Runner,
  version: LoadedVersion,
  { model, deadlineAt }: WarmUp,
): Promise<Answered[]> {
  const samples = goldenRows(version.manifest);
  for (const [i, { row }] of samples.entries()) {
    const problem = version.layout.problemOf(row);
    if (problem !== undefined) throw new Error(`golden sample ${i} ${problem}`);
  }
  await runner.load(version, model, deadlineAt);
  return await runAlone(runner, version, { samples, deadlineAt });
}

async function runAlone(
  runner: Runner,
  version: LoadedVersion,
  { samples, deadlineAt }: { samples: GoldenRow[]; deadlineAt: number },
): Promise<Answered[]> {
  const answered: Answered[] = [];
  for (const [sample, { row, expected }] of samples.entries()) {
    const { rows, runMs } = await runner.run(version, [row], deadlineAt);
    const [alone = []] = rows;
    const problem =
      runner.group.provider === "CPU"
        ? differenceBetween(alone, expected, version.manifest)
        : differenceBetween(alone, version.answers[sample] ?? [], version.manifest, cudaTolerance);
    if (problem !== undefined) throw new Error(`golden sample ${sample}: ${problem}`);
    answered.push({ row, alone, runMs });
  }
  return answered;
}

export function rejected({ manifest }: Pick<LoadedVersion, "manifest">, cause: unknown): TollgateError {
  const message = `${manifest.name} version ${manifest.version} was not accepted: ${reasonOf(cause)}.`;
  return new TollgateError("MODEL_REJECTED", message, { cause });
}

function reasonOf(error: unknown): string {
  if (error instanceof RunnerGone) return `the process that loaded it ended (${error.message})`;
  const reason = messageOf(error);
  return isOutOfMemory(reason) ? `it needs more memory than a runner has for it (${reason})` : reason;
}

/** As ONNX Runtime says it, and the standard library below it. */
export function isOutOfMemory(reason: string): boolean {
  return /bad_alloc|failed to allocate memory|out of memory/i.test(reason);
}
