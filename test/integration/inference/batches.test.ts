import { expect, test } from "vitest";
import type { LoadableVersion } from "../../../src/domains/inference/engine.ts";
import type { Row } from "../../../src/domains/inference/tensor.ts";
import { engineHouse } from "../../support/engine-house.ts";
import { eventually } from "../../support/eventually.ts";
import { refusalOf } from "../../support/refusal.ts";
import { bundledModel, deceivedByPadding, tinyModel } from "../../support/tiny-models.ts";

const index = (value: number): Row => [BigInt64Array.of(BigInt(value))];
const float = (...values: number[]): Row => [Float32Array.from(values)];
const ids = (...values: bigint[]): Row => [BigInt64Array.from(values), BigInt64Array.of(BigInt(values.length))];

test("a request that is split over several batches has its answers in the order of its rows", async () => {
  const house = await engineHouse([tinyModel("lookup", { maxInputs: 8 })]);
  const wanted = Array.from({ length: 256 }, (_, i) => (i * 7) % 10);
  const { outputs, timing } = await house.run("lookup", wanted.map(index));
  expect(outputs.map(([value]) => value?.[0])).toEqual(wanted.map((i) => i * i));
  expect(timing.batchSize).toBe(8);
  expect(house.eventsOf("BATCH_ANSWERED")).toHaveLength(32);
});

test("rows that came while the runner was busy are the next batch, whoever sent them", async () => {
  const house = await engineHouse([tinyModel("lookup")]);
  const letGo = await house.holdRunner();
  const first = house.run("lookup", [index(1)]);
  await eventually(() => house.queuedInputs === 0, { withinMs: 5_000, what: "the first is on its way" });
  const others = [2, 3, 4].map((value) => house.run("lookup", [index(value)], { tenantId: `ten_${value}` }));
  await house.untilQueued(3);
  letGo();
  expect((await first).timing.batchSize).toBe(1);
  for (const { timing } of await Promise.all(others)) expect(timing.batchSize).toBe(3);
});

test("an input on which ONNX Runtime throws fails alone, whoever shared its batch", async () => {
  const house = await engineHouse([tinyModel("lookup")]);
  const letGo = await house.holdRunner();
  const first = house.run("lookup", [index(0)]);
  await eventually(() => house.queuedInputs === 0, { withinMs: 5_000, what: "the first is on its way" });
  const good = [1, 2, 3, 4, 5].map((value) => house.run("lookup", [index(value)], { tenantId: `ten_${value}` }));
  const bad = refusalOf(house.run("lookup", [index(6), index(99)], { tenantId: "ten_6" }));
  const last = house.run("lookup", [index(7)], { tenantId: "ten_7" });
  await house.untilQueued(8);
  letGo();
  const answers = await Promise.all([first, ...good, last]);
  expect(answers.map(({ outputs }) => outputs[0]?.[0]?.[0])).toEqual([0, 1, 4, 9, 16, 25, 49]);
  const error = await bad;
  expect([error.code, error.isRetryable, error.message]).toEqual([
    "MODEL_FAILED",
    true,
    "The model broke on inputs[1].",
  ]);
  expect(house.eventsOf("BATCH_FAILED").at(0)).toMatchObject({ rows: 8, isHalved: true });
  expect(house.eventsOf("RUNNER_ENDED")).toEqual([]);
});

test("an answer that is no number fails its own request only", async () => {
  const house = await engineHouse([tinyModel("logarithm")]);
  const letGo = await house.holdRunner();
  const first = house.run("logarithm", [float(1)]);
  await eventually(() => house.queuedInputs === 0, { withinMs: 5_000, what: "the first is on its way" });
  const asked = [-1, 0, 1].map((x) => house.run("logarithm", [float(x)]));
  const outcomes = Promise.allSettled(asked);
  await house.untilQueued(3);
  letGo();
  await first;
  expect((await outcomes).map(({ status }) => status)).toEqual(["rejected", "rejected", "fulfilled"]);
  expect(house.eventsOf("BATCH_FAILED")).toEqual([]);
});

test("a version that answers otherwise in company is run row by row on this machine", async () => {
  const together = tinyModel("relative");
  // Two samples that differ: together, one of them would not be the largest.
  const [one, two] = together.manifest.golden.samples;
  if (one === undefined || two === undefined) throw new Error("two samples");
  const three = Buffer.from(Float32Array.of(3).buffer).toString("base64");
  const tensors = { x: { dtype: "float32" as const, shape: [1], data: three } };
  const manifest = { ...together.manifest, golden: { tolerance: 0, samples: [one, { ...two, tensors }] } };
  const house = await engineHouse([{ ...together, manifest }]);
  expect(house.eventsOf("BATCHING_REDUCED")).toEqual([
    { kind: "BATCHING_REDUCED", versionId: "relative", batching: "SINGLE" },
  ]);
  const { outputs, timing } = await house.run("relative", [float(5), float(7), float(6)]);
  expect(outputs).toEqual([float(0), float(0), float(0)]);
  expect(timing.batchSize).toBe(1);
});

test("rows of different lengths share no batch where the graph takes no lengths, and keep their order", async () => {
  const house = await engineHouse([tinyModel("sum")]);
  const rows = [float(1), float(1, 2), float(3), float(1, 2, 3), float(4, 5), float(6)];
  const { outputs } = await house.run("sum", rows);
  expect(outputs.map(([sum]) => sum?.[0])).toEqual([1, 3, 3, 6, 9, 6]);
  expect(
    house
      .eventsOf("BATCH_ANSWERED")
      .map((batch) => batch.rows)
      .sort(),
  ).toEqual([1, 2, 3]);
});

test("the parts of a batch's time that its requests are told sum up to the whole, in whole microseconds", async () => {
  const house = await engineHouse([tinyModel("lookup")]);
  const letGo = await house.holdRunner();
  const first = house.run("lookup", [index(1)]);
  await eventually(() => house.queuedInputs === 0, { withinMs: 5_000, what: "the first is on its way" });
  const asked = [3, 1, 7].map((rows) =>
    house.run(
      "lookup",
      Array.from({ length: rows }, () => index(2)),
    ),
  );
  await house.untilQueued(11);
  letGo();
  const told = (await Promise.all([first, ...asked])).map(({ computeUs }) => computeUs);
  const [ahead, together] = house.eventsOf("BATCH_ANSWERED").map(({ runMs }) => Math.round(runMs * 1000));
  expect(told[0]).toBe(ahead);
  expect(told.slice(1).reduce((sum, part) => sum + part, 0)).toBe(together);
});

test("a version that asks for a delay waits for more rows, but not for longer than that, nor when it is full", async () => {
  const version = tinyModel("lookup", { maxInputs: 4 });
  const batching = { ...version.manifest.batching, maxDelayMs: 1_000 };
  const house = await engineHouse([{ ...version, manifest: { ...version.manifest, batching } }]);
  const first = house.run("lookup", [index(1)]);
  // Several turns of the event loop, and the idle runner did not take it.
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(house.queuedInputs).toBe(1);
  const more = [2, 3, 4].map((value) => house.run("lookup", [index(value)]));
  for (const { timing } of await Promise.all([first, ...more])) expect(timing.batchSize).toBe(4);
  expect(house.eventsOf("BATCH_ANSWERED").map(({ left }) => left)).toEqual(["DRAINED"]);
  const alone = await house.run("lookup", [index(5)], { withinMs: 5_000 });
  expect([alone.timing.batchSize, alone.outputs]).toEqual([1, [[Float32Array.of(25)]]]);
  // A deadline that comes before the delay is over is not missed for it.
  expect((await house.run("lookup", [index(6)], { withinMs: 500 })).outputs).toEqual([[Float32Array.of(36)]]);
});

test("a version's cost budget bounds its batches, and refuses the row that could never fit", async () => {
  const version = tinyModel("sum");
  const batching = { ...version.manifest.batching, maxCost: 4 };
  const house = await engineHouse([{ ...version, manifest: { ...version.manifest, batching } }]);
  const { outputs, timing } = await house.run(
    "sum",
    Array.from({ length: 5 }, () => float(1, 2)),
  );
  expect([outputs.length, timing.batchSize]).toEqual([5, 2]);
  const refusal = await refusalOf(house.run("sum", [float(1), float(1, 2, 3, 4, 5)]));
  expect([refusal.code, refusal.message]).toEqual([
    "INVALID_INPUT",
    "inputs[1] costs 5; a batch of this version holds 4.",
  ]);
});

test("how rows may share batches is tried when a version is loaded, and stands in the report", async () => {
  const house = await engineHouse([]);
  const batchingOf = async (version: LoadableVersion) => (await house.engine.load(version)).batching;
  expect(await batchingOf(await bundledModel("digits"))).toBe("FIXED");
  expect(await batchingOf(await bundledModel("mail"))).toBe("PADDED");
  expect(await batchingOf(tinyModel("sum"))).toBe("BUCKETED");
  expect(await batchingOf(tinyModel("lookup", { maxInputs: 1 }))).toBe("SINGLE");
  expect(await batchingOf(deceivedByPadding())).toBe("BUCKETED");
  // Padded, the second would be answered with half of it.
  const rows = [ids(1n, 2n), ids(3n), ids(4n)];
  const { outputs, timing } = await house.run("mean", rows);
  expect([outputs, timing.batchSize]).toEqual([[float(1.5), float(3), float(4)], 2]);
});
