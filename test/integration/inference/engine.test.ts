import { expect, test } from "vitest";
import { goldenRows } from "../../../src/domains/inference/golden.ts";
import type { Row } from "../../../src/domains/inference/tensor.ts";
import { engineHouse, stateOf } from "../../support/engine-house.ts";
import { eventually } from "../../support/eventually.ts";
import { refusalOf } from "../../support/refusal.ts";
import { bundledModel, samplesOf, tinyModel, variantOf } from "../../support/tiny-models.ts";

const index = (value: number): Row => [BigInt64Array.of(BigInt(value))];
const float = (...values: number[]): Row => [Float32Array.from(values)];
const _ids = (...values: bigint[]): Row => [BigInt64Array.from(values), BigInt64Array.of(BigInt(values.length))];

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

test("what waits behind more than its deadline allows is refused at once, with the time after which to come back", async () => {
  const house = await engineHouse([tinyModel("lookup", { maxInputs: 1 })]);
  for (let i = 0; i < 20; i++) await house.run("lookup", [index(1)]);
  const letGo = await house.holdRunner();
  const many = Array.from({ length: 900 }, () => index(2));
  const large = house.run("lookup", many);
  await house.untilQueued(899);
  const error = await refusalOf(house.run("lookup", [index(3)], { withinMs: 5 }));
  expect([error.code, error.message]).toEqual([
    "OVERLOADED",
    "899 inputs of this tenant are waiting already: these would hardly be answered before their deadline.",
  ]);
  expect(error.retryAfterMs).toBeGreaterThanOrEqual(5);
  // Who waits behind nobody, and who has the time, is taken.
  const taken = [
    house.run("lookup", [index(3)], { tenantId: "ten_b", withinMs: 5_000 }),
    house.run("lookup", [index(3)], { withinMs: 20_000 }),
  ];
  letGo();
  await Promise.all([large, ...taken]);
});

test("a version that is released twice, and loaded again meanwhile, is served", async () => {
  const house = await engineHouse([tinyModel("lookup")]);
  const letGo = await house.holdRunner();
  const accepted = house.run("lookup", [index(4)]);
  await eventually(() => house.queuedInputs === 0, { withinMs: 5_000, what: "it is on its way" });
  const released = [house.engine.release("lookup"), house.engine.release("lookup")];
  const loaded = house.engine.load(tinyModel("lookup"));
  letGo();
  await Promise.all([accepted, ...released, loaded]);
  expect((await house.run("lookup", [index(3)])).outputs).toEqual([[Float32Array.of(9)]]);
});

test("a batch that takes far longer than expected gives way: the spare answers what comes after it", async () => {
  const house = await engineHouse([tinyModel("lookup")], { spares: 1, overdueMs: 50 });
  const letGo = await house.holdRunner();
  const held = house.run("lookup", [index(1)]);
  await eventually(() => house.queuedInputs === 0, { withinMs: 5_000, what: "the first is on its way" });
  // The runner stands still, and nothing has ended it.
  expect((await house.run("lookup", [index(2)])).outputs).toEqual([[Float32Array.of(4)]]);
  letGo();
  expect((await held).outputs).toEqual([[Float32Array.of(1)]]);
  expect(house.eventsOf("RUNNER_ENDED")).toEqual([]);
});

test("a tenant who floods three lanes leaves another's lane its turn at once", async () => {
  const flooded = ["one", "two", "three"].map((id) => variantOf(tinyModel("lookup"), { id }));
  const house = await engineHouse([...flooded, tinyModel("sum")]);
  const letGo = await house.holdRunner();
  const many = Array.from({ length: 192 }, () => index(2));
  const flood = flooded.map(({ id }) => house.run(id, many, { tenantId: "flood" }));
  await house.untilQueued(512);
  const quiet = house.run("sum", [float(1, 2)], { tenantId: "quiet" });
  await house.untilQueued(513);
  letGo();
  await quiet;
  // The one that ran, and its own.
  expect(house.eventsOf("BATCH_ANSWERED").length).toBeLessThanOrEqual(2);
  await Promise.all(flood);
});

test("what requests hold of memory is bounded, given back when they are answered, and what could never fit is refused", async () => {
  const house = await engineHouse([tinyModel("sum")], { maxBytesInFlight: 4_000 });
  const large = (values: number): Row => [new Float32Array(values).fill(1)];
  const never = await refusalOf(house.run("sum", [large(501)]));
  expect([never.code, never.message]).toEqual([
    "INVALID_INPUT",
    "inputs take 2004 bytes; at most 2000 can wait at once.",
  ]);
  const letGo = await house.holdRunner();
  const held = ["ten_a", "ten_b"].map((tenantId) => house.run("sum", [large(500)], { tenantId }));
  const ofTenant = await refusalOf(house.run("sum", [large(1)], { tenantId: "ten_a" }));
  expect([ofTenant.code, ofTenant.message.slice(0, 32)]).toEqual(["OVERLOADED", "The inputs of this tenant that a"]);
  const ofAll = await refusalOf(house.run("sum", [large(1)], { tenantId: "ten_c" }));
  expect([ofAll.code, ofAll.message]).toEqual(["OVERLOADED", "Too many inputs are waiting already. Ask again later."]);
  letGo();
  await Promise.all(held);
  expect(house.engine.state().bytesInFlight).toBe(0);
  expect((await house.run("sum", [large(500)], { tenantId: "ten_c" })).outputs).toEqual([[Float32Array.of(500)]]);
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
