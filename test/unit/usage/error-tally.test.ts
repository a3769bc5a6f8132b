import { afterEach, expect, test } from "vitest";
import { type ErrorsOfHour, ErrorTally } from "../../../src/domains/usage/error-tally.ts";
import { createLogger } from "../../../src/platform/logger.ts";

const tallies: ErrorTally[] = [];

afterEach(async () => {
  for (const tally of tallies.splice(0)) await tally.close();
});

function tallyWith(add: (errors: ErrorsOfHour[]) => Promise<void>, now: { at: Date }) {
  const tally = new ErrorTally({ add, logger: createLogger("silent"), now: () => now.at });
  tallies.push(tally);
  return tally;
}

test("errors are counted by tenant, code and hour, and written once", async () => {
  const written: ErrorsOfHour[] = [];
  const now = { at: new Date("2026-10-01T10:59:59Z") };
  const tally = tallyWith(async (errors) => void written.push(...(await Promise.resolve(errors))), now);
  tally.note("ten_a", "QUOTA_EXCEEDED");
  tally.note("ten_a", "QUOTA_EXCEEDED");
  tally.note("ten_b", "QUOTA_EXCEEDED");
  now.at = new Date("2026-10-01T11:00:00Z");
  tally.note("ten_a", "QUOTA_EXCEEDED");
  await tally.flush();
  await tally.flush();
  const [ten, eleven] = [new Date("2026-10-01T10:00:00Z"), now.at];
  const last = new Date("2026-10-01T10:59:59Z");
  expect(written).toEqual([
    { tenantId: "ten_a", hour: ten, code: "QUOTA_EXCEEDED", count: 2, lastAt: last },
    { tenantId: "ten_b", hour: ten, code: "QUOTA_EXCEEDED", count: 1, lastAt: last },
    { tenantId: "ten_a", hour: eleven, code: "QUOTA_EXCEEDED", count: 1, lastAt: eleven },
  ]);
});

test("what could not be written is written the next time, with what came meanwhile", async () => {
  const written: ErrorsOfHour[] = [];
  let isDown = true;
  const now = { at: new Date("2026-10-01T10:00:00Z") };
  const tally = tallyWith((errors) => {
    if (isDown) return Promise.reject(new Error("the database is away"));
    written.push(...errors);
    return Promise.resolve();
  }, now);
  tally.note("ten_a", "OVERLOADED");
  await expect(tally.flush()).rejects.toThrow("away");
  now.at = new Date("2026-10-01T10:00:05Z");
  tally.note("ten_a", "OVERLOADED");
  isDown = false;
  await tally.flush();
  expect(written).toMatchObject([{ count: 2, lastAt: now.at }]);
});

test("a tally that is closed has written all that it was told", async () => {
  const written: ErrorsOfHour[] = [];
  const tally = tallyWith((errors) => Promise.resolve(void written.push(...errors)), { at: new Date() });
  tally.note("ten_a", "RATE_LIMITED");
  await tally.close();
  expect(written).toHaveLength(1);
});
