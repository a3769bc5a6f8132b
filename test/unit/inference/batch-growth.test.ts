import { expect, test } from "vitest";
import { BatchGrowth, type GrowthLimits } from "../../../src/domains/inference/batch-growth.ts";

const limits: GrowthLimits = {
  maxRows: 4,
  maxUnits: Number.POSITIVE_INFINITY,
  backgroundMs: 100,
  sliceMs: Number.POSITIVE_INFINITY,
  predictMs: (units) => 10 * units,
};
const now = 1_000;
const inTime = now + 1e6;
const row = { units: 1, isBackground: false };

/** A batch of rows of so many units each, with time enough. */
function batchOf(units: number[], changed: Partial<GrowthLimits> = {}): BatchGrowth {
  const growth = new BatchGrowth({ ...limits, ...changed }, now);
  for (const each of units) growth.add({ units: each, deadlineAt: inTime });
  return growth;
}

test("the first row always fits, whatever it takes", () => {
  const growth = batchOf([], { maxUnits: 1, backgroundMs: 1 });
  expect(growth.keptOut({ units: 1_000, isBackground: true })).toBeUndefined();
});

test("a batch takes as many rows as the version does, and no more", () => {
  expect(batchOf([1, 1, 1]).keptOut(row)).toBeUndefined();
  expect(batchOf([1, 1, 1, 1]).keptOut(row)).toBe("FULL");
});

test("cost counts every row as wide as the widest", () => {
  expect(batchOf([2, 2], { maxUnits: 6 }).keptOut({ ...row, units: 2 })).toBeUndefined();
  expect(batchOf([2, 2], { maxUnits: 6 }).keptOut({ ...row, units: 3 })).toBe("COST");
  expect(batchOf([3, 1], { maxUnits: 8 }).keptOut(row)).toBe("COST");
});

test("a row is left out with which one that is in the batch would come too late", () => {
  const growth = batchOf([1]);
  growth.add({ units: 1, deadlineAt: now + 30 });
  expect(growth.keptOut(row)).toBeUndefined();
  growth.add({ units: 1, deadlineAt: inTime });
  expect(growth.keptOut(row)).toBe("DEADLINE");
});

test("a row that would come too late even alone keeps nobody out", () => {
  const growth = batchOf([]);
  growth.add({ units: 1, deadlineAt: now + 9 });
  expect(growth.keptOut(row)).toBeUndefined();
});

test("while several tenants use the runners a batch is as long as a slice", () => {
  expect(batchOf([1, 1], { sliceMs: 30 }).keptOut(row)).toBeUndefined();
  expect(batchOf([1, 1, 1], { sliceMs: 30 }).keptOut(row)).toBe("SLICE");
});

test("where every batch takes long, a slice is two of its first row, so that sharing a batch still pays", () => {
  const predictMs = (units: number) => 50 + units;
  expect(batchOf([1, 1, 1], { sliceMs: 3, predictMs }).keptOut(row)).toBeUndefined();
  expect(batchOf([1], { sliceMs: 3 }).keptOut(row)).toBeUndefined();
  expect(batchOf([1, 1], { sliceMs: 3 }).keptOut(row)).toBe("SLICE");
});

test("rows that nobody waits for make no batch long; rows that somebody waits for may", () => {
  const long = batchOf([5]);
  expect(long.keptOut({ units: 5, isBackground: true })).toBeUndefined();
  expect(batchOf([5, 5]).keptOut({ units: 5, isBackground: true })).toBe("BACKGROUND");
  expect(batchOf([5, 5]).keptOut({ units: 5, isBackground: false })).toBeUndefined();
});
