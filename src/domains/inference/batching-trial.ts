import { isSame } from "./golden.ts";
import type { LoadedVersion } from "./loaded-version.ts";
import type { Batching } from "./row-layout.ts";
import type { Runner } from "./runner.ts";
import type { Row } from "./tensor.ts";

interface Answered {
  row: Row;
  /** What it was answered in a batch of its own. */
  alone: Row;
}

/**
 * Law 7, asked of this machine and this version: how rows may share a batch and still be answered, to the bit, as they
 * are alone. ONNX Runtime chooses its kernels by the processor, a kernel for one row may add up in another order, and a
 * graph may do with padding what its manifest denies.
 */
export async function tryBatching(
  runner: Runner,
  version: LoadedVersion,
  { answered, deadlineAt }: { answered: Answered[]; deadlineAt: number },
): Promise<Batching> {
  const isSameTogether = (rows: Answered[]) => sameTogether(runner, version, { rows, deadlineAt });
  if (version.manifest.batching.maxInputs === 1) return "SINGLE";
  const planned = version.layout.batching;
  if (planned === "FIXED") return (await isSameTogether(answered)) ? "FIXED" : "SINGLE";
  if (planned === "PADDED") {
    const shorter = await runShorter(runner, version, { answered, deadlineAt });
    if (await isSameTogether([...answered, ...shorter])) return "PADDED";
  }
  const byLength = Map.groupBy(answered, ({ row }) => version.layout.bucketOf(row, "BUCKETED"));
  for (const rows of byLength.values()) if (!(await isSameTogether(rows))) return "SINGLE";
  return "BUCKETED";
}

/** Samples may all be of one length: half of each gives lengths that differ. */
async function runShorter(
  runner: Runner,
  version: LoadedVersion,
  { answered, deadlineAt }: { answered: Answered[]; deadlineAt: number },
): Promise<Answered[]> {
  const shorter: Answered[] = [];
  for (const { row } of answered) {
    const half = version.layout.shorter(row);
    if (half === undefined) continue;
    const [alone = []] = (await runner.run(version, [half], deadlineAt)).rows;
    shorter.push({ row: half, alone });
  }
  return shorter;
}

async function sameTogether(
  runner: Runner,
  version: LoadedVersion,
  { rows, deadlineAt }: { rows: Answered[]; deadlineAt: number },
): Promise<boolean> {
  // One sample shares its batch with itself.
  const twoOrMore = rows.length === 1 ? [...rows, ...rows] : rows;
  const most = version.manifest.batching.maxInputs;
  for (let at = 0; at < twoOrMore.length; at += most) {
    const batch = twoOrMore.slice(at, at + most);
    const answers = await runner.run(
      version,
      batch.map(({ row }) => row),
      deadlineAt,
    );
    if (!batch.every(({ alone }, i) => isSame(answers.rows[i] ?? [], alone))) return false;
  }
  return true;
}
