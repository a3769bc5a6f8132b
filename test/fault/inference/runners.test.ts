import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Row } from "../../../src/domains/inference/engine.ts";
import { type EngineHouse, engineHouse, stateOf } from "../../support/engine-house.ts";
import { eventually } from "../../support/eventually.ts";
import { refusalOf } from "../../support/refusal.ts";
import { tinyModel, variantOf } from "../../support/tiny-models.ts";

const whole = (value: number | bigint): Row => [BigInt64Array.of(BigInt(value))];
const forEver = whole(2n ** 60n);

/** Waits until all runners and spares that should be there are. */
async function untilWhole(house: EngineHouse, runners: number): Promise<void> {
  const isWhole = () => house.engine.state().runners.filter(({ mode }) => mode === "READY").length === runners;
  await eventually(isWhole, { withinMs: 20_000, what: `${runners} runners are up` });
}

test("a model that hangs is killed after its deadline and grace; what waited behind it is served by the spare", async () => {
  const house = await engineHouse([tinyModel("loop"), tinyModel("lookup")], { spares: 1, graceMs: 300 });
  const hung = house.runnerPid;
  const startedAt = performance.now();
  const endless = refusalOf(house.run("loop", [forEver], { withinMs: 300 }));
  await eventually(() => house.queuedInputs === 0, { withinMs: 5_000, what: "the loop is on its way" });
  const behind = house.run("lookup", [whole(3)]);

  const error = await endless;
  expect(error.code).toBe("DEADLINE_EXCEEDED");
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(299);
  // Told at its own deadline, while the model still hangs: not when the watchdog ends it.
  expect(house.eventsOf("RUNNER_ENDED")).toEqual([]);
  expect((await behind).outputs).toEqual([[Float32Array.of(9)]]);
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(599);
  expect(house.eventsOf("RUNNER_ENDED")).toMatchObject([
    { pid: hung, reason: "it gave no answer in time", isServing: true },
  ]);
  await untilWhole(house, 2);
  expect(stateOf(hung)).toBeUndefined();
});

test("a runner that is killed in the middle of a batch costs that batch alone, and the spare takes over at once", async () => {
  const house = await engineHouse([tinyModel("lookup", { maxInputs: 4 })], { spares: 1 });
  await house.holdRunner();
  const lost = [1, 2, 3, 4].map((value) => refusalOf(house.run("lookup", [whole(value)])));
  await eventually(() => house.queuedInputs === 0, { withinMs: 5_000, what: "the batch is on its way" });
  const waiting = [5, 6, 7, 8].map((value) => house.run("lookup", [whole(value)]));
  await house.untilQueued(4);

  process.kill(house.runnerPid, "SIGKILL");
  const answers = await Promise.all(waiting);
  // By the spare that was there, before the one that is started in its place is up.
  expect(house.engine.state().runners.filter(({ mode }) => mode === "READY")).toHaveLength(1);
  expect(answers.map(({ outputs }) => outputs[0]?.[0]?.[0])).toEqual([25, 36, 49, 64]);
  for (const error of await Promise.all(lost)) expect([error.code, error.isRetryable]).toEqual(["MODEL_FAILED", true]);
  await untilWhole(house, 2);
  expect(house.engine.state().restarts).toBe(1);
});

test("a runner that falls silent is killed, and others answer", async () => {
  const house = await engineHouse([tinyModel("lookup")], { spares: 1, graceMs: 200 });
  const silent = house.runnerPid;
  await house.holdRunner();
  const error = await refusalOf(house.run("lookup", [whole(1)], { withinMs: 200 }));
  expect(error.code).toBe("DEADLINE_EXCEEDED");
  expect((await house.run("lookup", [whole(2)])).outputs).toEqual([[Float32Array.of(4)]]);
  expect(stateOf(silent)).toBeUndefined();
  await untilWhole(house, 2);
});

test("runners come back after one death upon the other, with the versions they had", async () => {
  const house = await engineHouse([tinyModel("lookup")], { spares: 1 });
  for (let death = 1; death <= 3; death++) {
    for (const { pid } of house.engine.state().runners) process.kill(pid, "SIGKILL");
    await eventually(() => house.eventsOf("RUNNER_ENDED").length === 2 * death, {
      withinMs: 5_000,
      what: "both ended",
    });
    await untilWhole(house, 2);
    expect((await house.run("lookup", [whole(3)])).outputs).toEqual([[Float32Array.of(9)]]);
  }
  expect(house.engine.state().restarts).toBe(6);
});

test("with no runner up a request is told so, and one that waits is served by the next", async () => {
  const house = await engineHouse([tinyModel("lookup")]);
  await house.holdRunner();
  const lost = refusalOf(house.run("lookup", [whole(1)]));
  await eventually(() => house.queuedInputs === 0, { withinMs: 5_000, what: "the batch is on its way" });
  const waiting = house.run("lookup", [whole(2)]);
  process.kill(house.runnerPid, "SIGKILL");
  expect((await lost).code).toBe("MODEL_FAILED");
  expect(house.engine.isReady()).toBe(false);
  const error = await refusalOf(house.run("lookup", [whole(3)]));
  expect([error.code, error.retryAfterMs]).toEqual(["MODEL_NOT_READY", 1000]);
  expect((await waiting).outputs).toEqual([[Float32Array.of(4)]]);
  expect(house.engine.isReady()).toBe(true);
});

test("a model that takes more memory than it may fails alone; neither its runner nor the machine is harmed", async () => {
  const house = await engineHouse([tinyModel("hungry")], { memoryLimitMb: 256 });
  const pid = house.runnerPid;
  const letGo = await house.holdRunner();
  const first = house.run("hungry", [whole(1)]);
  await eventually(() => house.queuedInputs === 0, { withinMs: 5_000, what: "the first is on its way" });
  const greedy = refusalOf(house.run("hungry", [whole(2n ** 30n)]));
  const modest = house.run("hungry", [whole(1000)]);
  await house.untilQueued(2);
  letGo();
  await first;
  expect((await greedy).code).toBe("MODEL_FAILED");
  expect((await modest).outputs).toEqual([[Float32Array.of(1000)]]);
  expect(house.runnerPid).toBe(pid);
  expect(house.eventsOf("BATCH_FAILED").map(({ rows }) => rows)).toEqual([2, 1]);
});

test("a version that breaks its runner for three tenants is taken out of service; others go on", async () => {
  const versions = [tinyModel("loop"), tinyModel("lookup")];
  const house = await engineHouse(versions, { spares: 1, graceMs: 50 });
  for (let strike = 1; strike <= 3; strike++) {
    expect(house.eventsOf("VERSION_QUARANTINED")).toEqual([]);
    const asked = house.run("loop", [forEver], { withinMs: 100, tenantId: `ten_${strike}` });
    expect((await refusalOf(asked)).code).toBe("DEADLINE_EXCEEDED");
    await eventually(() => house.eventsOf("VERSION_STRUCK").length === strike, { withinMs: 5_000, what: "a strike" });
    expect((await house.run("lookup", [whole(3)])).outputs).toEqual([[Float32Array.of(9)]]);
    await untilWhole(house, 2);
  }
  expect(house.eventsOf("VERSION_QUARANTINED")).toMatchObject([{ versionId: "loop" }]);
  expect((await refusalOf(house.run("loop", [whole(2)]))).code).toBe("MODEL_NOT_READY");
  expect(house.engine.state().lanes.map(({ versionId }) => versionId)).toEqual(["lookup"]);
  // Whoever mended what was wrong may load it again.
  await house.engine.load(tinyModel("loop"));
  expect((await house.run("loop", [whole(2)])).outputs).toEqual([[BigInt64Array.of(2n)]]);
});

test("what waits for a version that is taken out of service is told so, not left to its deadline", async () => {
  const house = await engineHouse([tinyModel("loop", { maxInputs: 1 })], { graceMs: 50 });
  for (let strike = 1; strike <= 2; strike++) {
    await refusalOf(house.run("loop", [forEver], { withinMs: 100, tenantId: `ten_${strike}` }));
    await eventually(() => house.engine.isReady() && house.eventsOf("VERSION_STRUCK").length === strike, {
      withinMs: 20_000,
      what: "a strike, and a runner",
    });
  }
  await house.holdRunner();
  const last = refusalOf(house.run("loop", [whole(1)]));
  await eventually(() => house.queuedInputs === 0, { withinMs: 5_000, what: "it is on its way" });
  const waiting = refusalOf(house.run("loop", [whole(2)], { tenantId: "ten_b" }));
  process.kill(house.runnerPid, "SIGKILL");
  expect([(await last).code, (await waiting).code]).toEqual(["MODEL_FAILED", "MODEL_FAILED"]);
  expect(house.eventsOf("VERSION_QUARANTINED")).toHaveLength(1);
});

test("a tenant's model that hangs keeps no slot: all others are answered while it does", async () => {
  const own = variantOf(tinyModel("loop"), { id: "own", ownerTenantId: "ten_a" });
  const house = await engineHouse([own, tinyModel("lookup")], { overdueMs: 50, graceMs: 5_000 });
  const endless = refusalOf(house.run("own", [forEver], { withinMs: 1_000 }));
  await eventually(() => house.queuedInputs === 0, { withinMs: 5_000, what: "the loop is on its way" });
  expect((await house.run("lookup", [whole(3)], { tenantId: "ten_b" })).outputs).toEqual([[Float32Array.of(9)]]);
  expect(house.eventsOf("RUNNER_ENDED")).toEqual([]);
  expect((await endless).code).toBe("DEADLINE_EXCEEDED");
});

test("a runner that answers garbage is killed; its batch fails, and the next is answered by another", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "garbage-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const script = path.join(folder, "mood");
  const file = path.join(import.meta.dirname, "../../support/scripted-runner.ts");
  await writeFile(script, "HEALTHY");
  const house = await engineHouse([], { runnerProgram: { file, args: [script] } });
  await house.engine.load(tinyModel("lookup"));
  await writeFile(script, "GARBAGE");
  const error = await refusalOf(house.engine.load(tinyModel("sum")));
  expect([error.code, error.message]).toEqual([
    "MODEL_REJECTED",
    expect.stringContaining("the process that loaded it ended (it sent garbage: "),
  ]);
  await writeFile(script, "HEALTHY");
  await untilWhole(house, 1);
  expect((await house.run("lookup", [whole(3)])).outputs).toEqual([[Float32Array.of(9)]]);
});

test("a thousand loads and releases leave a runner's memory where it was", async () => {
  const house = await engineHouse([tinyModel("lookup")]);
  const residentMb = () => house.engine.state().runners[0]?.residentMb ?? Number.NaN;
  const turn = async () => {
    await house.engine.load(tinyModel("sum"));
    await house.engine.release("sum");
  };
  for (let i = 0; i < 100; i++) await turn();
  const before = residentMb();
  for (let i = 0; i < 1_000; i++) await turn();
  expect(residentMb()).toBeLessThan(before + 10);
  expect(house.eventsOf("RUNNER_ENDED")).toEqual([]);
  expect((await house.run("lookup", [whole(3)])).outputs).toEqual([[Float32Array.of(9)]]);
});

test("a gateway that is killed leaves no runner behind, not even one in an endless loop", async () => {
  const entry = path.join(import.meta.dirname, "../../support/engine-process.ts");
  const gateway = spawn(process.execPath, [entry], { stdio: ["ignore", "pipe", "inherit"] });
  const [output] = await once(gateway.stdout, "data");
  const pids: unknown = JSON.parse(String(output));
  if (!Array.isArray(pids)) throw new Error("no pids");
  await eventually(() => stateOf(pids[0]) === "R", { withinMs: 5_000, what: "the loop runs" });
  gateway.kill("SIGKILL");
  await eventually(() => pids.every((pid) => stateOf(pid) === undefined), {
    withinMs: 2_000,
    what: "the runners are gone",
  });
  expect(pids).toHaveLength(2);
});
