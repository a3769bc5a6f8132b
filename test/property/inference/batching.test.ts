import fc from "fast-check";
import { expect, test } from "vitest";
import type { Row } from "../../../src/domains/inference/engine.ts";
import { isSame } from "../../../src/domains/inference/golden.ts";
import { type EngineHouse, engineHouse } from "../../support/engine-house.ts";
import { eventually } from "../../support/eventually.ts";
import { bundledModel } from "../../support/tiny-models.ts";

const digit = fc
  .float32Array({ min: 0, max: 1, noNaN: true, minLength: 784, maxLength: 784 })
  .map((pixels): Row => [pixels]);
const mail = fc
  .bigInt64Array({ min: 0n, max: 8001n, minLength: 1, maxLength: 256 })
  .map((ids): Row => [ids, BigInt64Array.of(BigInt(ids.length))]);

/** Runs the rows one after the other, each in a batch of its own. */
async function runAlone(house: EngineHouse, version: string, rows: Row[]): Promise<Row[]> {
  const answers: Row[] = [];
  for (const row of rows) {
    const { outputs, timing } = await house.run(version, [row]);
    expect(timing.batchSize).toBe(1);
    answers.push(...outputs);
  }
  return answers;
}

/** Runs the rows as requests of several tenants in one batch. */
async function runTogether(house: EngineHouse, version: string, rows: Row[]): Promise<Row[]> {
  const [first = []] = rows;
  const letGo = await house.holdRunner();
  const ahead = house.run(version, [first]);
  await eventually(() => house.queuedInputs === 0, { withinMs: 5_000, what: "one is on its way" });
  const asked = rows.map((row, i) => house.run(version, [row], { tenantId: `ten_${i % 3}` }));
  await house.untilQueued(rows.length);
  letGo();
  await ahead;
  const results = await Promise.all(asked);
  for (const { timing } of results) expect(timing.batchSize).toBe(rows.length);
  return results.flatMap(({ outputs }) => outputs);
}

test.each([
  ["digits", digit, 64],
  ["mail", mail, 32],
] as const)("sharing a batch changes no bit of an answer: %s", async (name, row, most) => {
  const house = await engineHouse([await bundledModel(name)]);
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 2, maxLength: most, size: "max" }), async (rows) => {
      const [alone, together] = [await runAlone(house, name, rows), await runTogether(house, name, rows)];
      const differing = rows.flatMap((_, i) => (isSame(alone[i] ?? [], together[i] ?? []) ? [] : [i]));
      expect(differing).toEqual([]);
      expect(new Set(alone.map((answer) => answer.join(";"))).size).toBeGreaterThan(1);
    }),
    { numRuns: 15 },
  );
  expect(house.eventsOf("BATCHING_OFF")).toEqual([]);
});
