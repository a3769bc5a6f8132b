import fc from "fast-check";
import { expect, test } from "vitest";
import { computeShares } from "../../../src/domains/inference/compute-shares.ts";

const batches = fc.record({
  totalUs: fc.integer({ min: 0, max: 10_000_000 }),
  costs: fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 256 }),
});

test("the shares of a batch are whole, sum up to its time exactly, and each is its part of the cost to within one", () => {
  fc.assert(
    fc.property(batches, ({ totalUs, costs }) => {
      const shares = computeShares(totalUs, costs);
      const sum = costs.reduce((all, cost) => all + cost, 0);
      expect(shares.reduce((all, share) => all + share, 0)).toBe(totalUs);
      for (const [i, share] of shares.entries()) {
        const exact = sum === 0 ? totalUs / costs.length : (totalUs * (costs[i] ?? 0)) / sum;
        expect(Number.isInteger(share)).toBe(true);
        expect(Math.abs(share - exact)).toBeLessThan(1 + 1e-6 * totalUs);
      }
    }),
  );
});

test("what rounding leaves goes to those it took most from", () => {
  expect(computeShares(10, [1, 1, 1])).toEqual([4, 3, 3]);
  expect(computeShares(10, [5, 3.3, 1.7])).toEqual([5, 3, 2]);
  expect(computeShares(1, [1, 3])).toEqual([0, 1]);
});
