import type { Micros } from "../../core/money.ts";
import { divideHalfEven } from "../../core/rounding.ts";

export const pricingSchemes = ["PER_UNIT", "PACKAGE", "GRADUATED", "VOLUME", "FLAT"] as const;
export type PricingScheme = (typeof pricingSchemes)[number];

/** A step of a tiered price, up to and with this quantity; the last one has no end. */
export interface PriceTier {
  upTo: bigint | undefined;
  unitPriceMicros: Micros;
  /** Once, when the tier is reached. */
  flatMicros: Micros;
}

/** What a meter costs. Quantities are in the meter's smallest unit; `scale` of them make the unit that is priced. */
export interface Price {
  scheme: PricingScheme;
  unitPriceMicros: Micros;
  packageSize: bigint;
  /** How much is free; what follows is priced as if it came first. */
  included: bigint;
  tiers: PriceTier[];
  scale: bigint;
}

/** One part of what a quantity costs, as a line of an invoice shows it. */
export interface RatedPart {
  kind: "INCLUDED" | "UNITS" | "PACKAGES" | "TIER" | "TIER_FEE" | "FLAT";
  /** Which tier, from 1. */
  tier: number | undefined;
  /** In the meter's smallest unit. A fee has none: its quantity is in the tier's own part. */
  quantity: bigint;
  /** How many times the price is asked: packages, or fees. Undefined: by quantity. */
  count: bigint | undefined;
  unitPriceMicros: Micros;
  amountMicros: Micros;
}

/** What a part costs before it is divided by the scale, exactly. */
type ExactPart = Omit<RatedPart, "amountMicros"> & { scaledAmount: bigint };

/**
 * What the cumulative quantity of one price group costs, exactly, in whole micro-units. The only rounding is half to even
 * where a scale divides, once, at the end. `rated_cost` in SQL says the same; a property test compares them.
 */
export function ratedCost(price: Price, quantity: bigint): Micros {
  const scaled = exactParts(price, quantity).reduce((sum, part) => sum + part.scaledAmount, 0n);
  return divideHalfEven(scaled, price.scale);
}

/** The same cost in its parts. They add up to it, and their quantities to the quantity. */
export function ratedParts(price: Price, quantity: bigint): RatedPart[] {
  let scaled = 0n;
  let amount = 0n;
  return exactParts(price, quantity).map(({ scaledAmount, ...part }) => {
    // Each part is what the sum grows by, so that rounding never makes the parts differ from the whole.
    scaled += scaledAmount;
    const before = amount;
    amount = divideHalfEven(scaled, price.scale);
    return { ...part, amountMicros: amount - before };
  });
}

function exactParts(price: Price, quantity: bigint): ExactPart[] {
  if (quantity <= 0n) return [];
  const free = quantity < price.included ? quantity : price.included;
  const billable = quantity - free;
  const included = free > 0n ? [partOf("INCLUDED", { quantity: free })] : [];
  return billable > 0n ? [...included, ...billableParts(price, billable)] : included;
}

function billableParts(price: Price, billable: bigint): ExactPart[] {
  const { unitPriceMicros, scale } = price;
  switch (price.scheme) {
    case "PER_UNIT":
      return [partOf("UNITS", { quantity: billable, unitPriceMicros, scaledAmount: billable * unitPriceMicros })];
    case "PACKAGE": {
      const count = (billable + price.packageSize - 1n) / price.packageSize;
      const scaledAmount = count * unitPriceMicros * scale;
      return [partOf("PACKAGES", { quantity: billable, count, unitPriceMicros, scaledAmount })];
    }
    case "FLAT":
      return [
        partOf("FLAT", { quantity: billable, count: 1n, unitPriceMicros, scaledAmount: unitPriceMicros * scale }),
      ];
    case "GRADUATED":
      return graduatedParts(price, billable);
    case "VOLUME":
      return volumeParts(price, billable);
  }
}

function graduatedParts({ tiers, scale }: Price, billable: bigint): ExactPart[] {
  let from = 0n;
  return tiers.flatMap((tier, index) => {
    const end = tier.upTo === undefined || tier.upTo > billable ? billable : tier.upTo;
    const quantity = end - from;
    if (quantity <= 0n) return [];
    from = end;
    return tierParts(tier, { number: index + 1, quantity, scale });
  });
}

function volumeParts({ tiers, scale }: Price, billable: bigint): ExactPart[] {
  const index = tiers.findIndex(({ upTo }) => upTo === undefined || billable <= upTo);
  const tier = tiers[index];
  return tier === undefined ? [] : tierParts(tier, { number: index + 1, quantity: billable, scale });
}

function tierParts(
  { unitPriceMicros, flatMicros }: PriceTier,
  { number, quantity, scale }: { number: number; quantity: bigint; scale: bigint },
): ExactPart[] {
  const units = partOf("TIER", { tier: number, quantity, unitPriceMicros, scaledAmount: quantity * unitPriceMicros });
  if (flatMicros === 0n) return [units];
  const fee = { tier: number, count: 1n, unitPriceMicros: flatMicros, scaledAmount: flatMicros * scale };
  return [units, partOf("TIER_FEE", fee)];
}

function partOf(kind: RatedPart["kind"], part: Partial<ExactPart>): ExactPart {
  return { kind, tier: undefined, quantity: 0n, count: undefined, unitPriceMicros: 0n, scaledAmount: 0n, ...part };
}
