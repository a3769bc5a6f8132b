import { expect, test } from "vitest";
import type { Row } from "../../../src/domains/inference/engine.ts";
import { type EngineHouse, engineHouse } from "../../support/engine-house.ts";
import { eventually } from "../../support/eventually.ts";
import { refusalOf } from "../../support/refusal.ts";
import { tinyModel } from "../../support/tiny-models.ts";

const whole = (value: number | bigint): Row => [BigInt64Array.of(BigInt(value))];
const forEver = whole(2n ** 60n);
const bad = { tenantId: "ten_bad" };
const good = { tenantId: "ten_good" };

async function untilStruck(house: EngineHouse, times: number): Promise<void> {
  await eventually(() => house.eventsOf("VERSION_STRUCK").length === times && house.engine.isReady(), {
    withinMs: 20_000,
    what: `${times} strikes, and a runner`,
  });
}

test("a tenant whose inputs alone break a platform's version is kept from it, and told which input; all others go on", async () => {
  const house = await engineHouse([tinyModel("loop"), tinyModel("lookup")], { spares: 1, graceMs: 50 });
  for (let strike = 1; strike <= 3; strike++) {
    const asked = house.run("loop", [whole(1), forEver, whole(2)], { ...bad, withinMs: 200 });
    expect((await refusalOf(asked)).code).toBe("DEADLINE_EXCEEDED");
    await untilStruck(house, strike);
    expect((await house.run("loop", [whole(2)], good)).outputs).toEqual([[BigInt64Array.of(2n)]]);
  }
  // After the first time its inputs ran one by one, so the third time has one name.
  expect(house.eventsOf("VERSION_WITHHELD")).toMatchObject([{ versionId: "loop", tenantId: "ten_bad", position: 1 }]);
  const refusal = await refusalOf(house.run("loop", [whole(1)], bad));
  expect([refusal.code, refusal.isRetryable]).toEqual(["MODEL_WITHHELD", true]);
  expect(refusal.retryAfterMs).toBeGreaterThan(500_000);
  expect(refusal.retryAfterMs).toBeLessThanOrEqual(600_000);

  expect((await house.run("loop", [whole(3)], good)).outputs).toEqual([[BigInt64Array.of(3n)]]);
  expect((await house.run("lookup", [whole(3)], bad)).outputs).toEqual([[Float32Array.of(9)]]);
  expect(house.eventsOf("VERSION_QUARANTINED")).toEqual([]);
});

test("what of that tenant waits when it is kept from a version is refused at once, and nobody else's", async () => {
  const house = await engineHouse([tinyModel("lookup", { maxInputs: 1 })], { spares: 1 });
  const broken = async (strike: number) => {
    await house.holdRunner();
    const lost = refusalOf(house.run("lookup", [whole(1)], bad));
    await eventually(() => house.queuedInputs === 0, { withinMs: 5_000, what: "it is on its way" });
    const waiting = [house.run("lookup", [whole(2)], bad), house.run("lookup", [whole(3)], good)] as const;
    for (const answer of waiting) answer.catch(() => undefined); // whoever waits for it sees it
    process.kill(house.runnerPid, "SIGKILL");
    expect((await lost).code).toBe("MODEL_FAILED");
    await untilStruck(house, strike);
    return waiting;
  };
  for (const strike of [1, 2]) {
    const answers = await Promise.all(await broken(strike));
    expect(answers.map(({ outputs }) => outputs[0]?.[0]?.[0])).toEqual([4, 9]);
  }
  const [ofBad, ofGood] = await broken(3);
  expect((await refusalOf(ofBad)).code).toBe("MODEL_WITHHELD");
  expect((await ofGood).outputs).toEqual([[Float32Array.of(9)]]);
});

test("whoever shared a batch that broke is not blamed for it, and shares none until it is known who broke it", async () => {
  const house = await engineHouse([tinyModel("lookup")], { spares: 1 });
  const tenants = ["ten_bad", "ten_good", "ten_other"];
  const askAll = () => tenants.map((tenantId) => house.run("lookup", [whole(3)], { tenantId }));
  await house.holdRunner();
  const lost = askAll().map(refusalOf);
  await eventually(() => house.queuedInputs === 0, { withinMs: 5_000, what: "one batch has all of them" });
  process.kill(house.runnerPid, "SIGKILL");
  for (const error of await Promise.all(lost)) expect(error.code).toBe("MODEL_FAILED");
  await untilStruck(house, 1);
  expect(house.eventsOf("VERSION_STRUCK").map(({ tenantIds }) => tenantIds.toSorted())).toEqual([tenants]);

  const letGo = await house.holdRunner();
  const apart = askAll();
  await house.untilQueued(2);
  letGo();
  for (const { outputs, timing } of await Promise.all(apart)) {
    expect(outputs).toEqual([[Float32Array.of(9)]]);
    expect(timing.batchSize).toBe(1);
  }
  expect([house.eventsOf("VERSION_WITHHELD"), house.eventsOf("VERSION_QUARANTINED")]).toEqual([[], []]);

  // So many answers, and they are under suspicion no more: they share batches again.
  const many = Array.from({ length: 64 }, () => whole(3));
  await Promise.all(tenants.map((tenantId) => house.run("lookup", many, { tenantId })));
  const shared = await Promise.all(askAll());
  expect(shared.map(({ timing }) => timing.batchSize)).toEqual([3, 3, 3]);
});
