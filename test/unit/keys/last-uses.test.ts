import { expect, test } from "vitest";
import { LastUses } from "../../../src/domains/keys/last-uses.ts";
import { createLogger } from "../../../src/platform/logger.ts";

function lastUses(record: (uses: ReadonlyMap<string, number>) => Promise<void>, lines: string[] = []): LastUses {
  const logger = createLogger("warn", { write: (line) => void lines.push(line) });
  return new LastUses({ record, logger });
}

test("many uses of many keys are one write, with the latest time of each", async () => {
  const writes: [string, number][][] = [];
  const uses = lastUses(async (taken) => void writes.push([...taken]));
  uses.note("a", 1);
  uses.note("b", 2);
  uses.note("a", 3);
  await uses.flush();
  expect(writes).toEqual([
    [
      ["a", 3],
      ["b", 2],
    ],
  ]);
});

test("nothing is written while nothing is used", async () => {
  let writes = 0;
  const uses = lastUses(async () => void writes++);
  await uses.flush();
  uses.note("a", 1);
  await uses.flush();
  await uses.close();
  expect(writes).toBe(1);
});

test("a write that fails is made up for by the next one, newer uses first, and is logged once", async () => {
  const lines: string[] = [];
  const written: [string, number][][] = [];
  let isDown = true;
  const uses = lastUses((taken) => {
    if (isDown) return Promise.reject(new Error("down"));
    written.push([...taken].sort());
    return Promise.resolve();
  }, lines);
  uses.note("a", 1);
  uses.note("b", 1);
  const failing = uses.flush();
  uses.note("a", 5);
  await failing;
  await uses.flush();
  expect(lines).toHaveLength(1);
  isDown = false;
  await uses.close();
  expect(written).toEqual([
    [
      ["a", 5],
      ["b", 1],
    ],
  ]);
});

test("what waits to be written is bounded", async () => {
  let size = 0;
  const uses = lastUses((taken) => {
    size = taken.size;
    return Promise.resolve();
  });
  for (let i = 0; i < 25_000; i++) uses.note(`key_${i}`, i);
  await uses.close();
  expect(size).toBe(20_000);
});
