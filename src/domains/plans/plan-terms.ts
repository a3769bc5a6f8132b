import { TollgateError } from "../../core/errors.ts";
import type { Micros } from "../../core/money.ts";
import {
  amountAt,
  type LimitTerms,
  limitTerms,
  type ModelIdOf,
  meterAt,
  modelAt,
  quantityAt,
  type WantedLimit,
  wrong,
} from "./limit-terms.ts";
import { scaleOf } from "./meter.ts";

export const pricingSchemes = ["PER_UNIT", "PACKAGE", "GRADUATED", "VOLUME", "FLAT"] as const;
export type PricingScheme = (typeof pricingSchemes)[number];

export const limitScopes = ["TENANT", "EACH_KEY"] as const;
export type LimitScope = (typeof limitScopes)[number];

/** A plan's version as somebody asks for it; quantities in units of the meter as it is shown. */
export interface WantedTerms {
  currency: string;
  flatFeeMicros: Micros;
  prices: WantedPrice[];
  limits: (WantedLimit & { appliesTo: LimitScope })[];
}

export interface WantedPrice {
  meter: string;
  /** The name of the model that it is for; undefined: all that have none of their own. */
  model: string | undefined;
  scheme: PricingScheme;
  unitPriceMicros: Micros | undefined;
  packageSize: number | undefined;
  included: number;
  tiers: { upTo: number | undefined; unitPriceMicros: Micros; flatMicros: Micros }[];
}

/** The same, after it was found in order: in the ledger's units. */
export interface PlanTerms {
  currency: string;
  flatFeeMicros: Micros;
  prices: PriceTerms[];
  limits: (LimitTerms & { appliesTo: LimitScope })[];
}

export interface PriceTerms {
  meter: string;
  modelId: string;
  scheme: PricingScheme;
  unitPriceMicros: Micros;
  packageSize: bigint | undefined;
  included: bigint;
  tiers: { upTo: bigint | undefined; unitPriceMicros: Micros; flatMicros: Micros }[];
}

const maxPrices = 200;
const maxTiers = 50;
const maxLimits = 100;

/** Throws INVALID_INPUT that names the first place that is wrong. */
export function planTerms(wanted: WantedTerms, modelIdOf: ModelIdOf): PlanTerms {
  if (!Intl.supportedValuesOf("currency").includes(wanted.currency)) {
    throw wrong("currency", JSON.stringify(wanted.currency.slice(0, 10)), "a code of ISO 4217, such as EUR");
  }
  refuseTooMany("prices", wanted.prices.length, maxPrices);
  refuseTooMany("limits", wanted.limits.length, maxLimits);
  const prices = wanted.prices.map((price, index) => priceTerms(price, `prices[${index}]`, modelIdOf));
  const limits = wanted.limits.map(({ appliesTo, ...limit }, index) => ({
    ...limitTerms(limit, `limits[${index}]`, modelIdOf),
    appliesTo,
  }));
  refuseTwice("prices", prices, ({ meter, modelId }) => [meter, modelId]);
  refuseTwice("limits", limits, (one) => [one.appliesTo, one.kind, one.meter, one.modelId, one.period]);
  return { currency: wanted.currency, flatFeeMicros: amountAt("flatFeeMicros", wanted.flatFeeMicros), prices, limits };
}

function priceTerms(wanted: WantedPrice, place: string, modelIdOf: ModelIdOf): PriceTerms {
  const meter = meterAt(`${place}.meter`, wanted.meter);
  const modelId = wanted.model === undefined ? "" : modelAt(`${place}.model`, wanted.model, modelIdOf);
  const scale = scaleOf(meter);
  const isTiered = wanted.scheme === "GRADUATED" || wanted.scheme === "VOLUME";
  refuseUnfit(wanted, place, isTiered);
  return {
    meter,
    modelId,
    scheme: wanted.scheme,
    unitPriceMicros: isTiered ? 0n : amountAt(`${place}.unitPriceMicros`, wanted.unitPriceMicros),
    packageSize: wanted.scheme === "PACKAGE" ? packageAt(`${place}.packageSize`, wanted.packageSize, scale) : undefined,
    included: quantityAt(`${place}.included`, wanted.included, scale),
    tiers: isTiered ? tierTerms(wanted.tiers, `${place}.tiers`, scale) : [],
  };
}

function refuseUnfit({ scheme, tiers, unitPriceMicros, packageSize }: WantedPrice, place: string, tiered: boolean) {
  const surplus = [
    ["tiers", !tiered && tiers.length > 0],
    ["unitPriceMicros", tiered && unitPriceMicros !== undefined],
    ["packageSize", scheme !== "PACKAGE" && packageSize !== undefined],
  ].find(([, isThere]) => isThere);
  if (surplus === undefined) return;
  throw new TollgateError(
    "INVALID_INPUT",
    `${place}.${surplus[0]} says nothing for the scheme ${scheme}; leave it out.`,
  );
}

function packageAt(place: string, size: number | undefined, scale: number): bigint {
  const quantity = quantityAt(place, size, scale);
  if (quantity > 0n) return quantity;
  throw wrong(place, size, "more than 0");
}

function tierTerms(wanted: WantedPrice["tiers"], place: string, scale: number): PriceTerms["tiers"] {
  if (wanted.length === 0) throw wrong(place, undefined, "1 or more tiers, the last one without upTo");
  refuseTooMany(place, wanted.length, maxTiers);
  const ends = wanted.map(({ upTo }, index) =>
    upTo === undefined ? undefined : quantityAt(`${place}[${index}].upTo`, upTo, scale),
  );
  refuseDisorder(ends, place);
  return wanted.map((tier, index) => ({
    upTo: ends[index],
    unitPriceMicros: amountAt(`${place}[${index}].unitPriceMicros`, tier.unitPriceMicros),
    flatMicros: amountAt(`${place}[${index}].flatFeeMicros`, tier.flatMicros),
  }));
}

/** Tiers ascend, and the last one has no end: every quantity lies in exactly one. */
function refuseDisorder(ends: (bigint | undefined)[], place: string): void {
  const last = ends.length - 1;
  if (ends[last] !== undefined) throw wrong(`${place}[${last}].upTo`, ends[last], "left out: the last tier has no end");
  let before = 0n;
  for (const [index, end] of ends.slice(0, last).entries()) {
    if (end === undefined || end <= before) {
      throw wrong(`${place}[${index}].upTo`, end, `more than ${before}, where the tier before it ends`);
    }
    before = end;
  }
}

function refuseTooMany(place: string, count: number, most: number): void {
  if (count > most)
    throw new TollgateError("INVALID_INPUT", `${place} has ${count} entries; send ${most} at the most.`);
}

function refuseTwice<T>(place: string, all: T[], keyOf: (one: T) => unknown[]): void {
  const seen = new Map<string, number>();
  for (const [index, one] of all.entries()) {
    const key = JSON.stringify(keyOf(one));
    const first = seen.get(key);
    if (first !== undefined) {
      throw new TollgateError("INVALID_INPUT", `${place}[${index}] is for the same as ${place}[${first}]; keep one.`);
    }
    seen.set(key, index);
  }
}
