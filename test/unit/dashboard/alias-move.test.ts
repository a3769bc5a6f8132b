import { expect, test } from "vitest";
import {
  canaryOf,
  canaryTargets,
  candidatesOf,
  guardText,
  nextStep,
} from "../../../dashboard/src/pages/models/alias-move.ts";

const aliasAt = (...targets: [version: number, weight: number][]) => ({
  targets: targets.map(([version, weight]) => ({ weight, version: { version } })),
});

test("a canary is a newer version beside an older one, both of which answer", () => {
  expect(canaryOf(aliasAt([2, 5], [1, 95]))).toEqual({ from: 1, to: 2, percent: 5 });
  expect(canaryOf(aliasAt([1, 1], [2, 3]))).toEqual({ from: 1, to: 2, percent: 75 });
  expect(canaryOf(aliasAt([1, 100]))).toBeUndefined();
  expect(canaryOf(aliasAt([1, 100], [2, 0]))).toBeUndefined();
  expect(canaryOf(aliasAt([1, 50], [2, 25], [3, 25]))).toBeUndefined();
});

test("it goes up by steps, and after the last there is only all", () => {
  const stepAfter = (percent: number) => nextStep({ from: 1, to: 2, percent });
  expect([1, 5, 10, 25, 50, 90].map(stepAfter)).toEqual([5, 25, 25, 50, undefined, undefined]);
  expect(canaryTargets(1, 2, 25)).toEqual([
    { version: 1, weight: 75 },
    { version: 2, weight: 25 },
  ]);
});

test("what can be tried out is ready and not there yet, the newest first", () => {
  const states = ["READY", "READY", "REJECTED", "READY", "WARMING"] as const;
  const versions = states.map((state, index) => ({ version: index + 1, state }));
  expect(candidatesOf(versions, aliasAt([1, 100]))).toEqual([4, 2]);
});

test("a guard is told with each of its bounds and no other", () => {
  const guard = { minRequests: 50, windowSeconds: 300, maxErrorRate: 0.05, maxP99Ratio: null, maxDisagreement: null };
  expect(guardText(guard)).toContain("5 % of its requests may fail, over 300 s and at least 50 requests");
  expect(guardText({ ...guard, maxErrorRate: null, maxP99Ratio: 2 })).not.toContain("may fail");
});
