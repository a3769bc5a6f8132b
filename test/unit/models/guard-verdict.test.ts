import { expect, test } from "vitest";
import { brokenBound, type Outcome, p99Of, type Seen } from "../../../src/domains/models/guard-verdict.ts";

const guard = { minRequests: 10, windowSeconds: 60 };
const now = 1_000_000;
const outcomes = (count: number, ms: number, failures = 0, at = now): Outcome[] =>
  Array.from({ length: count }, (_, i) => ({ at, ms, isFailed: i < failures }));
const seen = (part: Partial<Seen>): Seen => ({ guarded: [], others: [], comparisons: [], ...part });
const compared = (count: number, differing: number, at = now) =>
  Array.from({ length: count }, (_, i) => ({ at, agrees: i >= differing }));

test.each<[string, Parameters<typeof brokenBound>[0], Seen, string | undefined]>([
  ["errors at the bound", { ...guard, maxErrorRate: 0.1 }, seen({ guarded: outcomes(10, 1, 1) }), undefined],
  [
    "errors beyond it",
    { ...guard, maxErrorRate: 0.1 },
    seen({ guarded: outcomes(10, 1, 2) }),
    "2 of 10 requests failed: an error rate of 0.2, where 0.1 is allowed",
  ],
  ["too few requests to tell", { ...guard, maxErrorRate: 0.1 }, seen({ guarded: outcomes(9, 1, 9) }), undefined],
  ["errors long ago", { ...guard, maxErrorRate: 0.1 }, seen({ guarded: outcomes(20, 1, 20, now - 60_001) }), undefined],
  [
    "a slow target",
    { ...guard, maxP99Ratio: 2 },
    seen({ guarded: outcomes(10, 30), others: outcomes(10, 10) }),
    "its p99 is 30 ms, 3 times the others' 10 ms, where 2 times is allowed",
  ],
  [
    "a slow target among slow ones",
    { ...guard, maxP99Ratio: 2 },
    seen({ guarded: outcomes(10, 30), others: outcomes(10, 15) }),
    undefined,
  ],
  ["nothing to compare its time with", { ...guard, maxP99Ratio: 2 }, seen({ guarded: outcomes(10, 30) }), undefined],
  ["agreement", { ...guard, maxDisagreement: 0.2 }, seen({ comparisons: compared(10, 2) }), undefined],
  [
    "disagreement",
    { ...guard, maxDisagreement: 0.2 },
    seen({ comparisons: compared(10, 3) }),
    "3 of 10 shadowed requests were answered otherwise: 0.3, where 0.2 is allowed",
  ],
  ["disagreement long ago", { ...guard, maxDisagreement: 0.2 }, seen({ comparisons: compared(10, 9, 0) }), undefined],
])("judges %s", (_what, bounds, what, verdict) => {
  expect(brokenBound(bounds, what, now)).toBe(verdict);
});

test("99 of 100 are answered within the p99", () => {
  const spread = Array.from({ length: 100 }, (_, i) => ({ at: 0, ms: 100 - i, isFailed: false }));
  expect(p99Of(spread)).toBe(99);
  expect(p99Of([])).toBe(0);
});
