import { TollgateError } from "../../core/errors.ts";
import { differenceBetween, type GoldenRow, goldenRows, isSame } from "./golden.ts";
import type { LoadedVersion } from "./loaded-version.ts";
import { type Runner, RunnerGone } from "./runner.ts";
import type { Row } from "./tensor.ts";

/**
 * Loads a version onto a runner and runs its golden samples there: the runner is warm afterwards, and known to give the
 * answers that were expected. Throws MODEL_REJECTED with a reason for whoever made the model.
 */
export async function warmUp(
  runner: Runner,
  version: LoadedVersion,
  deadlineAt: number,
): Promise<{ isBatchable: boolean }> {
  try {
    const samples = goldenRows(version.manifest);
    for (const [i, { row }] of samples.entries()) {
      const problem = version.layout.problemOf(row);
      if (problem !== undefined) throw new Error(`golden sample ${i} ${problem}`);
    }
    await runner.load(version, await version.readModel(), deadlineAt);
    const alone = await runAlone(runner, version, { samples, deadlineAt });
    return { isBatchable: await isSameTogether(runner, version, { samples, alone, deadlineAt }) };
  } catch (error) {
    if (runner.holds(version)) await runner.release(version, deadlineAt).catch(() => undefined);
    throw rejected(version, error);
  }
}

async function runAlone(
  runner: Runner,
  version: LoadedVersion,
  { samples, deadlineAt }: { samples: GoldenRow[]; deadlineAt: number },
): Promise<Row[]> {
  const answers: Row[] = [];
  for (const [sample, { row, expected }] of samples.entries()) {
    const [answer = []] = (await runner.run(version, [row], deadlineAt)).rows;
    const problem = differenceBetween(answer, expected, version.manifest);
    if (problem !== undefined) throw new Error(`golden sample ${sample}: ${problem}`);
    answers.push(answer);
  }
  return answers;
}

/**
 * Law 7, asked of this machine and this version: whether the samples give the same bits together as alone. ONNX Runtime
 * chooses its kernels by the processor, and a kernel for one row may add up in another order.
 */
async function isSameTogether(
  runner: Runner,
  version: LoadedVersion,
  { samples, alone, deadlineAt }: { samples: GoldenRow[]; alone: Row[]; deadlineAt: number },
): Promise<boolean> {
  const buckets = Map.groupBy(samples.keys(), (i) => version.layout.bucketOf(samples[i]?.row ?? []));
  for (const members of buckets.values()) {
    const batch = members.slice(0, version.maxBatchInputs);
    const { rows } = await runner.run(
      version,
      batch.map((i) => samples[i]?.row ?? []),
      deadlineAt,
    );
    if (!batch.every((i, at) => isSame(rows[at] ?? [], alone[i] ?? []))) return false;
  }
  return true;
}

function rejected({ manifest }: LoadedVersion, cause: unknown): TollgateError {
  const message = `${manifest.name} version ${manifest.version} was not accepted: ${reasonOf(cause)}.`;
  return new TollgateError("MODEL_REJECTED", message, { cause });
}

function reasonOf(error: unknown): string {
  if (error instanceof RunnerGone) return `the process that loaded it ended (${error.message})`;
  return error instanceof Error ? error.message : String(error);
}
