import fc from "fast-check";
import type { Price, PriceTier } from "../../src/domains/plans/rating.ts";

const anyMicros = fc.bigInt({ min: 0n, max: 5_000_000n });
const anyStep = fc.record({
  size: fc.bigInt({ min: 1n, max: 400n }),
  unit: anyMicros,
  fee: fc.oneof(fc.constant(0n), anyMicros),
});

/** Tiers as a plan must have them: ascending, the last one open. */
export const anyTiers: fc.Arbitrary<PriceTier[]> = fc.array(anyStep, { minLength: 1, maxLength: 5 }).map((steps) => {
  let end = 0n;
  return steps.map(({ size, unit, fee }, index) => {
    end += size;
    return { upTo: index === steps.length - 1 ? undefined : end, unitPriceMicros: unit, flatMicros: fee };
  });
});

/** A price of any scheme, of a meter that is counted as it is priced, or a thousand times finer. */
export const anyPrice: fc.Arbitrary<Price> = fc.record({
  scheme: fc.constantFrom("PER_UNIT", "PACKAGE", "GRADUATED", "VOLUME", "FLAT"),
  unitPriceMicros: anyMicros,
  packageSize: fc.bigInt({ min: 1n, max: 300n }),
  included: fc.oneof(fc.constant(0n), fc.bigInt({ min: 1n, max: 500n })),
  tiers: anyTiers,
  scale: fc.constantFrom(1n, 1_000n),
});

export const anyQuantity = fc.bigInt({ min: 0n, max: 3_000n });
