import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Price, type RatedPart, ratedCost, ratedParts } from "../../../src/domains/plans/rating.ts";
import { anyPrice, anyQuantity } from "../../support/any-price.ts";

const base: Price = { scheme: "PER_UNIT", unitPriceMicros: 0n, packageSize: 1n, included: 0n, tiers: [], scale: 1n };
const tiers = [
  { upTo: 100n, unitPriceMicros: 1_000n, flatMicros: 0n },
  { upTo: 300n, unitPriceMicros: 500n, flatMicros: 20_000n },
  { upTo: undefined, unitPriceMicros: 100n, flatMicros: 0n },
];
const sum = (parts: RatedPart[], of: "amountMicros" | "quantity") =>
  parts.reduce((total, part) => total + part[of], 0n);

test("the parts of a cost add up to it, and their quantities to the quantity", () => {
  fc.assert(
    fc.property(anyPrice, anyQuantity, (price, quantity) => {
      const parts = ratedParts(price, quantity);
      expect(sum(parts, "amountMicros")).toBe(ratedCost(price, quantity));
      expect(sum(parts, "quantity")).toBe(quantity);
    }),
  );
});

test("the amounts of events add up to the cost of their sum, however it was reached", () => {
  fc.assert(
    fc.property(anyPrice, fc.array(fc.bigInt({ min: -200n, max: 300n }), { maxLength: 30 }), (price, steps) => {
      let reached = 0n;
      let charged = 0n;
      for (const step of steps) {
        // No more can be taken back than was used.
        const quantity = reached + step < 0n ? -reached : step;
        charged += ratedCost(price, reached + quantity) - ratedCost(price, reached);
        reached += quantity;
      }
      expect(charged).toBe(ratedCost(price, reached));
    }),
  );
});

test("nothing costs nothing, and what is included is free", () => {
  fc.assert(
    fc.property(anyPrice, (price) => {
      expect(ratedCost(price, 0n)).toBe(0n);
      expect(ratedParts(price, 0n)).toEqual([]);
      expect(ratedCost(price, price.included)).toBe(0n);
    }),
  );
});

test("all but volume prices never fall with the quantity", () => {
  fc.assert(
    fc.property(anyPrice, anyQuantity, fc.bigInt({ min: 0n, max: 500n }), (price, quantity, more) => {
      fc.pre(price.scheme !== "VOLUME");
      expect(ratedCost(price, quantity + more)).toBeGreaterThanOrEqual(ratedCost(price, quantity));
    }),
  );
});

describe("by hand:", () => {
  const cases: [string, Partial<Price>, bigint, bigint][] = [
    ["per unit", { unitPriceMicros: 250n }, 12n, 3_000n],
    ["per unit after 10 included", { unitPriceMicros: 250n, included: 10n }, 12n, 500n],
    ["per millisecond, counted in microseconds", { unitPriceMicros: 3n, scale: 1_000n }, 1_500n, 4n],
    ["per millisecond, half to even", { unitPriceMicros: 1n, scale: 1_000n }, 2_500n, 2n],
    ["each started package of 100", { scheme: "PACKAGE", unitPriceMicros: 5_000n, packageSize: 100n }, 201n, 15_000n],
    ["a full package", { scheme: "PACKAGE", unitPriceMicros: 5_000n, packageSize: 100n }, 200n, 10_000n],
    ["flat, once", { scheme: "FLAT", unitPriceMicros: 9_000n }, 77n, 9_000n],
    ["graduated, the last of tier 1", { scheme: "GRADUATED", tiers }, 100n, 100_000n],
    ["graduated, the first of tier 2 with its fee", { scheme: "GRADUATED", tiers }, 101n, 120_500n],
    ["graduated, into tier 3", { scheme: "GRADUATED", tiers }, 350n, 225_000n],
    ["volume, all at tier 1", { scheme: "VOLUME", tiers }, 100n, 100_000n],
    ["volume, all at tier 2 with its fee", { scheme: "VOLUME", tiers }, 101n, 70_500n],
    ["volume, all at tier 3", { scheme: "VOLUME", tiers }, 350n, 35_000n],
  ];
  test.each(cases)("%s", (_name, price, quantity, cost) => {
    expect(ratedCost({ ...base, ...price }, quantity)).toBe(cost);
  });

  test("a graduated cost is shown tier by tier", () => {
    const parts = ratedParts({ ...base, scheme: "GRADUATED", tiers, included: 10n }, 360n);
    expect(parts.map(({ kind, tier, quantity, amountMicros }) => [kind, tier, quantity, amountMicros])).toEqual([
      ["INCLUDED", undefined, 10n, 0n],
      ["TIER", 1, 100n, 100_000n],
      ["TIER", 2, 200n, 100_000n],
      ["TIER_FEE", 2, 0n, 20_000n],
      ["TIER", 3, 50n, 5_000n],
    ]);
  });
});
