import { expect, test } from "vitest";
import { goldenRows } from "../../../src/domains/inference/golden.ts";
import type { Row } from "../../../src/domains/inference/tensor.ts";
import { engineHouse, stateOf } from "../../support/engine-house.ts";
import { eventually } from "../../support/eventually.ts";
import { refusalOf } from "../../support/refusal.ts";
import { bundledModel, samplesOf, tinyModel } from "../../support/tiny-models.ts";

const index = (value: number): Row => [BigInt64Array.of(BigInt(value))];
const float = (...values: number[]): Row => [Float32Array.from(values)];

test("digits and mails are answered as their golden samples say", async () => {
  const versions = await Promise.all([bundledModel("digits"), bundledModel("mail")]);
  const house = await engineHouse(versions);
  for (const version of versions) {
    const samples = goldenRows(version.manifest);
    const { outputs, timing } = await house.run(version.id, samplesOf(version));
    expect(timing.provider).toBe("CPU");
    expect(timing.runMs).toBeGreaterThan(0);
    for (const [i, { expected }] of samples.entries()) {
      for (const [at, value] of (expected[0] ?? []).entries()) {
        expect(Number(outputs[i]?.[0]?.[at])).toBeCloseTo(Number(value), 4);
      }
    }
  }
});

test("a request that is split over several batches has its answers in the order of its rows", async () => {
  const house = await engineHouse([tinyModel("lookup", { maxInputs: 8 })]);
  const wanted = Array.from({ length: 256 }, (_, i) => (i * 7) % 10);
  const { outputs, timing } = await house.run("lookup", wanted.map(index));
  expect(outputs.map(([value]) => value?.[0])).toEqual(wanted.map((i) => i * i));
  expect(timing.batchSize).toBe(8);
  expect(house.eventsOf("BATCH_ANSWERED")).toHaveLength(32);
});

test("another tenant's row comes in between the batches of a large request", async () => {
  const house = await engineHouse([tinyModel("lookup")]);
  const letGo = await house.holdRunner();
  const large = house.run(
    "lookup",
    Array.from({ length: 256 }, () => index(2)),
    { tenantId: "ten_a" },
  );
  await house.untilQueued(192);
  const small = house.run("lookup", [index(3)], { tenantId: "ten_b" });
  await house.untilQueued(193);
  letGo();
  expect((await small).outputs).toEqual([[Float32Array.of(9)]]);
  expect(house.eventsOf("BATCH_ANSWERED").length).toBeLessThanOrEqual(2);
  expect((await large).outputs).toHaveLength(256);
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

test("at its deadline a request is told so, whether its rows wait or run", async () => {
  const house = await engineHouse([tinyModel("lookup")], { graceMs: 5_000 });
  const letGo = await house.holdRunner();
  const startedAt = performance.now();
  const running = refusalOf(house.run("lookup", [index(1)], { withinMs: 200 }));
  await eventually(() => house.queuedInputs === 0, { withinMs: 5_000, what: "the first is on its way" });
  const waiting = refusalOf(house.run("lookup", [index(1)], { withinMs: 200 }));
  for (const error of await Promise.all([running, waiting])) expect(error.code).toBe("DEADLINE_EXCEEDED");
  // Far from the 5 s after which a runner that says nothing is killed.
  const tookMs = performance.now() - startedAt;
  expect(tookMs).toBeGreaterThanOrEqual(199);
  expect(tookMs).toBeLessThan(3_000);
  expect(house.queuedInputs).toBe(0);
  letGo();
  expect((await refusalOf(house.run("lookup", [index(1)], { withinMs: 0 }))).code).toBe("DEADLINE_EXCEEDED");
  expect((await house.run("lookup", [index(1)])).outputs).toHaveLength(1);
});

test("rows whose caller has gone leave the queue and are never run", async () => {
  const house = await engineHouse([tinyModel("lookup")]);
  const letGo = await house.holdRunner();
  const first = house.run("lookup", [index(1)]);
  await eventually(() => house.queuedInputs === 0, { withinMs: 5_000, what: "the first is on its way" });
  const caller = new AbortController();
  const left = refusalOf(house.run("lookup", [index(2), index(3)], { abandoned: caller.signal }));
  await house.untilQueued(2);
  caller.abort();
  await left;
  expect(house.queuedInputs).toBe(0);
  expect((await refusalOf(house.run("lookup", [index(2)], { abandoned: caller.signal }))).code).toBe(
    "DEADLINE_EXCEEDED",
  );
  letGo();
  await first;
  expect(house.eventsOf("BATCH_ANSWERED").map(({ rows }) => rows)).toEqual([1]);
});

test("a full queue refuses at once and says when to come back; what was accepted is answered", async () => {
  const limits = { maxQueuedInputsPerTenant: 10, maxQueuedInputs: 15 };
  const house = await engineHouse([tinyModel("lookup")], limits);
  const letGo = await house.holdRunner();
  const first = house.run("lookup", [index(1)]);
  await eventually(() => house.queuedInputs === 0, { withinMs: 5_000, what: "the first is on its way" });
  const ten = house.run(
    "lookup",
    Array.from({ length: 10 }, () => index(2)),
  );

  const ofTenant = await refusalOf(house.run("lookup", [index(3)]));
  expect(ofTenant.code).toBe("OVERLOADED");
  expect(ofTenant.retryAfterMs).toBeGreaterThanOrEqual(5);
  expect(ofTenant.message).toContain("10 inputs of this tenant are waiting");
  const five = house.run(
    "lookup",
    Array.from({ length: 5 }, () => index(4)),
    { tenantId: "ten_b" },
  );
  const ofAll = await refusalOf(house.run("lookup", [index(3)], { tenantId: "ten_c" }));
  expect(ofAll.code).toBe("OVERLOADED");
  expect(Number.isInteger(ofAll.retryAfterMs)).toBe(true);
  const never = await refusalOf(
    house.run(
      "lookup",
      Array.from({ length: 11 }, () => index(4)),
      { tenantId: "ten_d" },
    ),
  );
  expect([never.code, never.message]).toEqual(["INVALID_INPUT", "inputs has 11 entries; at most 10 can wait at once."]);

  letGo();
  await Promise.all([first, ten, five]);
  expect((await house.run("lookup", [index(3)])).outputs).toEqual([[Float32Array.of(9)]]);
  expect(house.eventsOf("REQUEST_REFUSED").map(({ code }) => code)).toEqual([
    "OVERLOADED",
    "OVERLOADED",
    "INVALID_INPUT",
  ]);
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

test("what does not fit the signature is refused before it can harm a batch", async () => {
  const house = await engineHouse([tinyModel("lookup"), tinyModel("sum"), await bundledModel("mail")]);
  const refusals: [string, Row[], string][] = [
    ["lookup", [], "inputs is empty; send at least one."],
    ["lookup", [index(1), float(1)], "inputs[1] has float32 for index; it takes int64."],
    ["lookup", [[BigInt64Array.of(1n, 2n)]], "inputs[0] has 2 values for index; it takes 1."],
    ["lookup", [[]], "inputs[0] has 0 tensors; the version takes 1."],
    ["sum", [float()], "inputs[0] has 0 values for x; it takes a multiple of 1, not none."],
    ["mail", [[BigInt64Array.of(5n, 6n), BigInt64Array.of(3n)]], "inputs[0] has a length of 3 for 2 tokens."],
    ["mail", [[BigInt64Array.of(5n, 6n), BigInt64Array.of(0n)]], "inputs[0] has a length of 0 for 2 tokens."],
  ];
  for (const [version, rows, message] of refusals) {
    const error = await refusalOf(house.run(version, rows));
    expect([error.code, error.message]).toEqual(["INVALID_INPUT", message]);
  }
  expect((await refusalOf(house.run("nothing", [index(1)]))).code).toBe("MODEL_NOT_READY");
  expect(house.eventsOf("BATCH_FAILED")).toEqual([]);
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

test("a released version finishes what waits, refuses what comes, and can be loaded again", async () => {
  const house = await engineHouse([tinyModel("lookup"), tinyModel("sum")], { spares: 1 });
  const letGo = await house.holdRunner();
  const accepted = Array.from({ length: 100 }, (_, i) => house.run("lookup", [index(i % 10)]));
  await house.untilQueued(36);
  const released = house.engine.release("lookup");
  const late = await refusalOf(house.run("lookup", [index(1)]));
  expect([late.code, late.message]).toEqual(["MODEL_NOT_READY", "The version is not loaded."]);
  letGo();
  const answers = await Promise.all(accepted);
  expect(answers.map(({ outputs }) => outputs[0]?.[0]?.[0])).toEqual(accepted.map((_, i) => (i % 10) ** 2));
  await released;
  expect(house.engine.state().lanes.map(({ versionId }) => versionId)).toEqual(["sum"]);
  expect(await house.engine.load(tinyModel("lookup"))).toMatchObject({ provider: "CPU", batching: "FIXED" });
  expect((await house.run("lookup", [index(3)])).outputs).toEqual([[Float32Array.of(9)]]);
});

test("closing finishes what was accepted, refuses what comes, and leaves no process behind", async () => {
  const house = await engineHouse([tinyModel("lookup")], { spares: 1 });
  const pids = house.engine.state().runners.map(({ pid }) => pid);
  const letGo = await house.holdRunner();
  const accepted = Array.from({ length: 200 }, (_, i) => house.run("lookup", [index(i % 10)]));
  await house.untilQueued(136);
  const closed = house.engine.close();
  const late = await refusalOf(house.run("lookup", [index(1)]));
  expect([late.code, late.retryAfterMs]).toEqual(["OVERLOADED", 1000]);
  expect(house.engine.isReady()).toBe(false);
  letGo();
  const answers = await Promise.all(accepted);
  expect(answers.map(({ outputs }) => outputs[0]?.[0]?.[0])).toEqual(accepted.map((_, i) => (i % 10) ** 2));
  await closed;
  expect(pids.map(stateOf)).toEqual([undefined, undefined]);
});
