import { packRows } from "../../src/domains/inference/batch.ts";
import type { Row as InputRow, LoadableVersion } from "../../src/domains/inference/engine.ts";
import { versionToLoad } from "../../src/domains/inference/loaded-version.ts";
import { loadOnnxSession } from "../../src/domains/inference/onnx-session.ts";
import type { RunnerSession } from "../../src/domains/inference/provider-loader.ts";
import { byteLengthOf, type Tensor, viewOf } from "../../src/domains/inference/tensor.ts";
import { median, type Row, rounded } from "../measure/rows.ts";
import { bundled, callers, type EnginePace, rowsOf, startStage } from "./stage.ts";

const clients = 64;
const inputsEach = 8;
const aims = { digits: 0.4, mail: 0.8 } as const;

/** Rows a second through lanes, pipe and runner, against the same session called in a loop at the same batch size. */
export async function measureBatching(name: "digits" | "mail", pace: EnginePace): Promise<Row[]> {
  const version = await bundled(name);
  const rounds: { engine: number; raw: number }[] = [];
  for (let round = 0; round < pace.rounds; round++) {
    const { rowsPerSecond, batchSize } = await throughEngine(version, pace);
    rounds.push({ engine: rowsPerSecond, raw: await inProcess(version, Math.round(batchSize), pace) });
  }
  const ratio = median(rounds.map(({ engine, raw }) => engine / raw));
  return [
    {
      name: `batching: ${name}, ${clients} callers with ${inputsEach} inputs, against a loop at the same batch size`,
      value: rounded(median(rounds.map(({ engine }) => engine))),
      unit: "rows/s",
      baseline: rounded(median(rounds.map(({ raw }) => raw))),
      ratio: rounded(ratio),
      aim: `ratio >= ${aims[name]}`,
      holds: ratio >= aims[name],
    },
  ];
}

async function throughEngine(
  version: LoadableVersion,
  pace: EnginePace,
): Promise<{ rowsPerSecond: number; batchSize: number }> {
  let batches = 0;
  let rows = 0;
  const engine = await startStage([version], {
    onEvent: (event) => {
      if (event.kind !== "BATCH_ANSWERED") return;
      batches++;
      rows += event.rows;
    },
  });
  try {
    const samples = rowsOf(version);
    const inputs = (from: number) =>
      Array.from({ length: inputsEach }, (_, i) => samples[(from + i) % samples.length] ?? []);
    const load = (ms: number) =>
      callers(clients, performance.now() + ms, async (caller) => {
        const deadlineAt = performance.now() + 10_000;
        await engine.run({ versionId: version.id, tenantId: "ten_a", rows: inputs(caller), deadlineAt });
      });
    await load(pace.loadMs / 3);
    batches = 0;
    rows = 0;
    const startedAt = performance.now();
    await load(pace.loadMs);
    return { rowsPerSecond: (rows * 1000) / (performance.now() - startedAt), batchSize: rows / batches };
  } finally {
    await engine.close();
  }
}

async function inProcess(loadable: LoadableVersion, batchSize: number, pace: EnginePace): Promise<number> {
  const version = versionToLoad(loadable, 1);
  const { inputs, outputs } = loadable.manifest.signature;
  const types = (specs: { name: string; dtype: (typeof inputs)[number]["dtype"] }[]) =>
    specs.map(({ name, dtype }) => ({ name, dtype }));
  const session = await loadOnnxSession({
    provider: "CPU",
    model: await loadable.readModel(),
    inputs: types(inputs),
    outputs: types(outputs),
  });
  try {
    const buckets = Map.groupBy(rowsOf(loadable), (row) => version.layout.bucketOf(row, version.batching));
    const batches = [...buckets.values()].map((rows) =>
      tensorsOf(
        Array.from({ length: batchSize }, (_, i) => rows[i % rows.length] ?? []),
        version.layout,
      ),
    );
    // As many batches of a bucket as there are rows in it: the mix that the engine has.
    const turns = [...buckets.values()].flatMap((rows, i) => rows.map(() => batches[i] ?? []));
    await loop(session, turns, pace.loadMs / 3);
    const startedAt = performance.now();
    const runs = await loop(session, turns, pace.loadMs);
    return (runs * batchSize * 1000) / (performance.now() - startedAt);
  } finally {
    await session.release();
  }
}

async function loop(session: RunnerSession, batches: Tensor[][], ms: number): Promise<number> {
  const untilAt = performance.now() + ms;
  let runs = 0;
  while (performance.now() < untilAt) await session.run(batches[runs++ % batches.length] ?? []);
  return runs;
}

function tensorsOf(rows: InputRow[], layout: ReturnType<typeof versionToLoad>["layout"]): Tensor[] {
  const tensors = layout.shapesOf(rows).map((shape) => ({
    ...shape,
    data: viewOf(shape, new ArrayBuffer(byteLengthOf(shape)), 0),
  }));
  packRows(
    rows,
    layout,
    tensors.map(({ data }) => data),
  );
  return tensors;
}
