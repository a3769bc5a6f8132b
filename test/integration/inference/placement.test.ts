import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import type { EngineHouse } from "../../support/engine-house.ts";
import { engineHouse } from "../../support/engine-house.ts";
import { eventually } from "../../support/eventually.ts";
import { refusalOf } from "../../support/refusal.ts";
import { heavy, tinyModel, variantOf } from "../../support/tiny-models.ts";

const whole = (value: number | bigint) => [[BigInt64Array.of(BigInt(value))]];

/** Versions of the lookup model of which a runner with 128 MB for sessions holds two, and not three. */
const large = (id: string) => variantOf(heavy(tinyModel("lookup"), 45), { id });
const lookupOf = (id: string, ownerTenantId: string) => variantOf(tinyModel("lookup"), { id, ownerTenantId });

/** What each runner holds, in the order of the runners. */
function held(house: EngineHouse): string[][] {
  return house.engine.state().runners.map(({ versionIds }) => versionIds.toSorted());
}

async function ask(house: EngineHouse, versionId: string): Promise<unknown> {
  return (await house.run(versionId, whole(3))).outputs[0]?.[0]?.[0];
}

test("versions stand on all runners as long as there is room, so that the spare is warm", async () => {
  const house = await engineHouse([tinyModel("lookup"), tinyModel("sum")], { runners: 2, spares: 1 });
  expect(held(house)).toEqual([
    ["lookup", "sum"],
    ["lookup", "sum"],
    ["lookup", "sum"],
  ]);
});

test("what does not fit drives out what was used longest ago, and is brought back when it is asked for", async () => {
  const house = await engineHouse([large("a"), large("b")], { memoryLimitMb: 256 });
  expect(held(house)).toEqual([["a", "b"]]);
  await ask(house, "a");
  await house.engine.load(large("c"));
  expect(held(house)).toEqual([["a", "c"]]);
  expect(await ask(house, "b")).toBe(9);
  expect(held(house)).toEqual([["b", "c"]]);
  expect(await Promise.all(["a", "b", "c", "a", "b"].map((id) => ask(house, id)))).toEqual([9, 9, 9, 9, 9]);
  expect(house.eventsOf("RUNNER_ENDED")).toEqual([]);
});

test("a runner that has more to hold than one runner can shares it with the others", async () => {
  const house = await engineHouse([large("a"), large("b"), large("c")], { memoryLimitMb: 256, runners: 1, spares: 1 });
  expect(await Promise.all(["a", "b", "c"].map((id) => ask(house, id)))).toEqual([9, 9, 9]);
  expect(new Set(held(house).flat())).toEqual(new Set(["a", "b", "c"]));
});

test("what comes while another version is unloaded is answered as soon as that is done", async () => {
  const house = await engineHouse([
    variantOf(tinyModel("lookup"), { id: "a" }),
    variantOf(tinyModel("lookup"), { id: "b" }),
  ]);
  const released = house.engine.release("a");
  const answer = ask(house, "b");
  await released;
  expect(await answer).toBe(9);
  expect(held(house)).toEqual([["b"]]);
});

test("what comes while another version is loaded onto the only runner is answered as soon as that is done", async () => {
  const house = await engineHouse([tinyModel("lookup")]);
  const letGo = await house.holdRunner();
  const { promise: isFetched, resolve } = Promise.withResolvers<void>();
  const sum = tinyModel("sum");
  const readModel = () => sum.readModel().finally(resolve);
  const loaded = house.engine.load(variantOf(sum, { readModel }));
  await isFetched;
  await nextTurn(); // the load has the runner for itself by now
  const answer = ask(house, "lookup");
  await house.untilQueued(1);
  letGo();
  await loaded;
  expect(await answer).toBe(9);
});

test("what comes while another version is spread onto the one runner that holds what it needs is answered as soon as that is done", async () => {
  const versions = [large("a"), large("b"), large("c")];
  const house = await engineHouse(versions, { memoryLimitMb: 256, spares: 1, overdueMs: 1 });
  expect(held(house)).toEqual([
    ["a", "b"],
    ["b", "c"],
  ]);
  const letGo = await house.holdRunner();
  const first = ask(house, "a"); // the runner is at work on it
  await eventually(() => house.queuedInputs === 0, { withinMs: 5_000, what: "the first is on its way" });
  const loaded = house.engine.load(tinyModel("sum"));
  await eventually(() => held(house)[1]?.includes("sum"), { withinMs: 5_000, what: "it stands on the other runner" });
  // Answered when that runner is free again: the next one has been asked for by then.
  expect(await ask(house, "c")).toBe(9);
  const answer = ask(house, "a");
  await house.untilQueued(1);
  letGo();
  await loaded;
  expect(await Promise.all([first, answer])).toEqual([9, 9]);
  expect(held(house)).toEqual([
    ["a", "b", "sum"],
    ["b", "c", "sum"],
  ]);
});

test("a version that could never fit is refused, and what stands stays", async () => {
  const house = await engineHouse([tinyModel("lookup")], { memoryLimitMb: 256 });
  const error = await refusalOf(house.engine.load(variantOf(heavy(tinyModel("sum"), 130), { id: "large" })));
  expect(error.code).toBe("MODEL_REJECTED");
  expect(error.message).toBe(
    "sum version 1 was not accepted: its file takes 130.0 MB; a runner has 128.0 MB for sessions.",
  );
  expect(held(house)).toEqual([["lookup"]]);
});

test("a runner that is started anew is given what was used last", async () => {
  const house = await engineHouse([large("a"), large("b"), large("c")], { memoryLimitMb: 256 });
  await ask(house, "a");
  await ask(house, "b");
  process.kill(house.runnerPid, "SIGKILL");
  await eventually(() => house.eventsOf("RUNNER_STARTED").length === 2, { withinMs: 20_000, what: "another is up" });
  expect(held(house)).toEqual([["a", "b"]]);
});

test("a tenant's own model runs in a process that holds nobody else's from its start to its end", async () => {
  const house = await engineHouse([tinyModel("sum")], { spares: 1 });
  for (const [id, owner] of [
    ["a1", "ten_a"],
    ["b1", "ten_b"],
    ["a2", "ten_a"],
  ] as const)
    await house.engine.load(lookupOf(id, owner));
  const answers = ["a1", "b1", "a2", "a1"].map((id) => ask(house, id));
  expect(await Promise.all(answers)).toEqual([9, 9, 9, 9]);
  const { runners } = house.engine.state();
  expect(runners.map(({ ownerTenantId, versionIds }) => [ownerTenantId, versionIds.toSorted()])).toEqual([
    [undefined, ["sum"]],
    [undefined, ["sum"]],
    ["ten_a", ["a1", "a2"]],
    ["ten_b", ["b1"]],
  ]);
});

test("of more tenants than there may be runners for, all are answered, and no process is handed on", async () => {
  const tenants = ["a", "b", "c", "d"];
  const house = await engineHouse([], { maxGuestRunners: 2 });
  const ownerOf = new Map<number, string>();
  const look = () => {
    const guests = house.engine.state().runners.filter(({ ownerTenantId }) => ownerTenantId !== undefined);
    for (const { pid, ownerTenantId = "" } of guests) {
      expect(ownerOf.get(pid) ?? ownerTenantId).toBe(ownerTenantId);
      ownerOf.set(pid, ownerTenantId);
    }
    return guests.length;
  };
  for (const tenant of tenants) await house.engine.load(lookupOf(tenant, tenant));
  // All want one all the time: each must get its turn.
  const asked = tenants.flatMap((tenant) => Array.from({ length: 50 }, () => ask(house, tenant)));
  let isDone = false;
  const all = Promise.all(asked).finally(() => {
    isDone = true;
  });
  let most = 0;
  const isAnswered = () => {
    most = Math.max(most, look());
    return isDone;
  };
  await eventually(isAnswered, { withinMs: 30_000, what: "all are answered" });
  expect(most).toBe(2);
  expect(new Set(await all)).toEqual(new Set([9]));
  expect(house.eventsOf("RUNNER_LEFT").length).toBeGreaterThanOrEqual(2);
  expect(house.eventsOf("VERSION_STRUCK")).toEqual([]);
});

test("a tenant's runner that is not used is ended, and started again for the next request", async () => {
  const house = await engineHouse([lookupOf("mine", "ten_a")], { guestIdleMs: 100 });
  await eventually(() => house.eventsOf("RUNNER_LEFT").length === 1, { withinMs: 10_000, what: "it left" });
  expect(await ask(house, "mine")).toBe(9);
});

test("a tenant's model that breaks its process while it is loaded costs nobody else anything", async () => {
  const endless = tinyModel("loop");
  const forEver = Buffer.from(BigInt64Array.of(2n ** 60n).buffer).toString("base64");
  const [sample] = endless.manifest.golden.samples;
  const tensors = { turns: { dtype: "int64" as const, shape: [1], data: forEver } };
  const samples = [{ tensors, outputs: sample?.outputs ?? {} }];
  const manifest = { ...endless.manifest, golden: { tolerance: 0, samples } };
  const house = await engineHouse([tinyModel("lookup"), lookupOf("mine", "ten_a")], { loadTimeoutMs: 5_000 });
  const before = house.engine.state().runners.map(({ pid }) => pid);

  let isRejected = false;
  const rejection = refusalOf(house.engine.load({ ...endless, manifest, ownerTenantId: "ten_a" })).finally(() => {
    isRejected = true;
  });
  // While it hangs, all others are answered, the tenant's own included.
  expect([await ask(house, "lookup"), await ask(house, "mine"), isRejected]).toEqual([9, 9, false]);
  const error = await rejection;
  expect(error.code).toBe("MODEL_REJECTED");
  expect(error.message).toContain("the process that loaded it ended (it gave no answer in time)");
  expect(house.engine.state().runners.map(({ pid }) => pid)).toEqual(before);
  expect([house.eventsOf("VERSION_STRUCK"), house.eventsOf("RUNNER_ENDED")]).toEqual([[], []]);
});

test("a load that hangs on the spare stalls no version that is served", async () => {
  const endless = tinyModel("loop");
  const forEver = Buffer.from(BigInt64Array.of(2n ** 60n).buffer).toString("base64");
  const tensors = { turns: { dtype: "int64" as const, shape: [1], data: forEver } };
  const samples = endless.manifest.golden.samples.map((sample) => ({ ...sample, tensors }));
  const manifest = { ...endless.manifest, golden: { tolerance: 0, samples } };
  const house = await engineHouse([tinyModel("lookup")], { spares: 1, loadTimeoutMs: 5_000 });
  const serving = house.runnerPid;
  let isRejected = false;
  const rejection = refusalOf(house.engine.load({ ...endless, manifest })).finally(() => {
    isRejected = true;
  });
  await eventually(() => house.engine.state().runners.length === 2, { withinMs: 1_000, what: "both are there" });
  expect([await ask(house, "lookup"), isRejected]).toEqual([9, false]);
  expect((await rejection).code).toBe("MODEL_REJECTED");
  expect(house.runnerPid).toBe(serving);
});

test("a released version leaves all runners, and its memory is free for others", async () => {
  const house = await engineHouse([large("a"), large("b")], { memoryLimitMb: 256, spares: 1 });
  await house.engine.release("a");
  expect(held(house)).toEqual([["b"], ["b"]]);
  await house.engine.load(large("c"));
  // Nobody had to go for it.
  expect(held(house).map((versions) => versions.includes("b"))).toEqual([true, true]);
  expect(held(house).flat()).toContain("c");
});
