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
const digits = fc.array(digit, { minLength: 2, maxLength: 64, size: "max" });
/** Mails whose lengths share batches: from over one power of two to the next, padded to the longest of them. */
const mailsOf = (lastId: bigint) =>
  fc.integer({ min: 1, max: 8 }).chain((power) => {
    const lengths = { minLength: 2 ** (power - 1) + 1, maxLength: 2 ** power, size: "max" as const };
    const mail = fc
      .bigInt64Array({ min: 0n, max: lastId, ...lengths })
      .map((ids): Row => [ids, BigInt64Array.of(BigInt(ids.length))]);
    return fc.array(mail, { minLength: 2, maxLength: 32, size: "max" });
  });

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
  ["digits", digits],
  ["mail", mailsOf(8001n)],
  ["mail-attention", mailsOf(8001n)],
  ["tags", mailsOf(6010n)],
] as const)("sharing a batch changes no bit of an answer: %s", async (name, batches) => {
  const house = await engineHouse([await bundledModel(name)]);
  await fc.assert(
    fc.asyncProperty(batches, async (rows) => {
      const [alone, together] = [await runAlone(house, name, rows), await runTogether(house, name, rows)];
      const differing = rows.flatMap((_, i) => (isSame(alone[i] ?? [], together[i] ?? []) ? [] : [i]));
      expect(differing).toEqual([]);
    }),
    { numRuns: 15 },
  );
  expect(house.eventsOf("BATCHING_REDUCED")).toEqual([]);
});
