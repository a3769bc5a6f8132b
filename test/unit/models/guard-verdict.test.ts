import { expect, test } from "vitest";
import { brokenBound, type Seen } from "../../../src/domains/models/guard-verdict.ts";
import {
  countComparison,
  countRequest,
  emptyTally,
  p99Of,
  sumOf,
  type Tally,
} from "../../../src/domains/models/tally.ts";

const guard = { minRequests: 10, windowSeconds: 60 };

function requests(count: number, ms: number, failures = 0): Tally {
  const tally = emptyTally();
  for (let i = 0; i < count; i++) countRequest(tally, { ms, isFailed: i < failures });
  return tally;
}

function compared(count: number, differing: number): Tally {
  const tally = emptyTally();
  for (let i = 0; i < count; i++) countComparison(tally, i >= differing);
  return tally;
}

const seen = (part: Partial<Seen>): Seen => ({ guarded: emptyTally(), others: emptyTally(), ...part });

test.each<[string, Parameters<typeof brokenBound>[0], Seen, string | undefined]>([
  ["errors at the bound", { ...guard, maxErrorRate: 0.1 }, seen({ guarded: requests(10, 1, 1) }), undefined],
  [
    "errors beyond it",
    { ...guard, maxErrorRate: 0.1 },
    seen({ guarded: requests(10, 1, 2) }),
    "2 of 10 requests failed: an error rate of 0.2, where 0.1 is allowed",
  ],
  ["too few requests to tell", { ...guard, maxErrorRate: 0.1 }, seen({ guarded: requests(9, 1, 9) }), undefined],
  [
    "a slow target among slow ones",
    { ...guard, maxP99Ratio: 2.2 },
    seen({ guarded: requests(10, 30), others: requests(10, 15) }),
    undefined,
  ],
  ["nothing to compare its time with", { ...guard, maxP99Ratio: 2 }, seen({ guarded: requests(10, 30) }), undefined],
  ["agreement", { ...guard, maxDisagreement: 0.2 }, seen({ guarded: compared(10, 2) }), undefined],
  [
    "disagreement",
    { ...guard, maxDisagreement: 0.2 },
    seen({ guarded: compared(10, 3) }),
    "3 of 10 shadowed requests were answered otherwise: 0.3, where 0.2 is allowed",
  ],
  ["too few comparisons to tell", { ...guard, maxDisagreement: 0.2 }, seen({ guarded: compared(9, 9) }), undefined],
])("judges %s", (_what, bounds, what, verdict) => {
  expect(brokenBound(bounds, what)).toBe(verdict);
});

test("judges a slow target, and says how slow", () => {
  const slow = seen({ guarded: requests(10, 30), others: requests(10, 10) });
  const reason = brokenBound({ ...guard, maxP99Ratio: 2 }, slow) ?? "";
  const [, own = 0, ratio = 0, usual = 0] =
    /^its p99 is ([\d.]+) ms, ([\d.]+) times the others' ([\d.]+) ms, where 2 times is allowed$/
      .exec(reason)
      ?.map(Number) ?? [];
  expect(own / 30).toBeCloseTo(1, 1);
  expect(usual / 10).toBeCloseTo(1, 1);
  expect(ratio).toBeCloseTo(own / usual, 1);
});

test.each([0.06, 0.3, 1, 17, 999, 60_000])("a time of %d ms is known to within 3 %%", (ms) => {
  const known = p99Of(requests(3, ms));
  expect(Math.abs(known - ms) / ms).toBeLessThanOrEqual(0.03);
});

test("99 of 100 are answered within the p99, whichever gateway saw them", () => {
  const here = emptyTally();
  const there = emptyTally();
  for (let ms = 1; ms <= 1000; ms++) countRequest(ms % 2 === 0 ? here : there, { ms, isFailed: ms % 10 === 0 });
  const both = sumOf([here, there]);
  expect(both).toMatchObject({ requests: 1000, failures: 100 });
  expect(Math.abs(p99Of(both) - 990) / 990).toBeLessThanOrEqual(0.03);
  expect(p99Of(emptyTally())).toBe(0);
});
