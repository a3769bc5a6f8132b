import type { PlanTermsInput } from "../../graphql/generated/graphql.ts";
import { microsOf, typed } from "../../micros.ts";
import { emptyLimit, type LimitForm, limitFormOf, limitInputOf, limitProblem, type ShownLimit } from "./limit-form.ts";
import type { Price } from "./price-list.tsx";

export const meters = ["inputs", "tokens", "explanations", "compute_ms"] as const;
export const schemes = ["PER_UNIT", "PACKAGE", "GRADUATED", "VOLUME", "FLAT"] as const;

/** A price as somebody types it. `key` tells rows apart while they come and go. */
export interface PriceForm {
  key: string;
  meter: string;
  /** Empty: of all models that have none of their own. */
  model: string;
  scheme: (typeof schemes)[number];
  unitPrice: string;
  packageSize: string;
  included: string;
  tiers: TierForm[];
}

export interface TierForm {
  key: string;
  /** Empty in the last one, which has no end. */
  upTo: string;
  unitPrice: string;
  fee: string;
}

export interface TermsForm {
  currency: string;
  flatFee: string;
  prices: PriceForm[];
  limits: (LimitForm & { appliesTo: "TENANT" | "EACH_KEY" })[];
}

export interface ShownTerms {
  currency: string;
  flatFeeMicros: string;
  prices: readonly Price[];
  limits: readonly (ShownLimit & { appliesTo: "TENANT" | "EACH_KEY" })[];
}

export const newKey = () => crypto.randomUUID();

export function emptyTier(): TierForm {
  return { key: newKey(), upTo: "", unitPrice: "", fee: "" };
}

export function emptyPrice(meter = "inputs"): PriceForm {
  const amounts = { unitPrice: "", packageSize: "", included: "", tiers: [emptyTier()] };
  return { key: newKey(), meter, model: "", scheme: "PER_UNIT", ...amounts };
}

export function emptyTerms(): TermsForm {
  return {
    currency: "EUR",
    flatFee: "0",
    prices: [emptyPrice()],
    limits: [{ ...emptyLimit(), appliesTo: "TENANT" }],
  };
}

/** What a version says, to be changed into the next one. */
export function termsFormOf(terms: ShownTerms): TermsForm {
  return {
    currency: terms.currency,
    flatFee: typed(terms.flatFeeMicros),
    prices: terms.prices.map(priceFormOf),
    limits: terms.limits.map((limit) => ({ ...limitFormOf(limit), appliesTo: limit.appliesTo })),
  };
}

function priceFormOf(price: Price): PriceForm {
  const hasTiers = price.tiers.length > 0;
  return {
    key: newKey(),
    meter: price.meter,
    model: price.modelName ?? "",
    scheme: price.scheme,
    unitPrice: hasTiers ? "" : typed(price.unitPriceMicros),
    packageSize: price.packageSize === null ? "" : String(price.packageSize),
    included: price.included === 0 ? "" : String(price.included),
    tiers: hasTiers
      ? price.tiers.map(({ upTo, unitPriceMicros, flatFeeMicros }) => ({
          key: newKey(),
          upTo: upTo === null ? "" : String(upTo),
          unitPrice: typed(unitPriceMicros),
          fee: BigInt(flatFeeMicros) === 0n ? "" : typed(flatFeeMicros),
        }))
      : [emptyTier()],
  };
}

export function isTiered({ scheme }: Pick<PriceForm, "scheme">): boolean {
  return scheme === "GRADUATED" || scheme === "VOLUME";
}

/** What is still missing or wrong, in the order of the form; none of it once `termsInputOf` may be sent. */
export function problemsOf(terms: TermsForm): string[] {
  return [
    /^[A-Z]{3}$/.test(terms.currency) ? [] : ["The currency is three letters, such as EUR."],
    microsOf(terms.flatFee) === undefined ? ["The fee is an amount, such as 49 or 49.50."] : [],
    terms.prices.some(({ meter }) => meter === "inputs") ? [] : ["Without a price of inputs, nothing can be asked."],
    terms.prices.flatMap((price, index) => priceProblems(price).map((text) => `Price ${index + 1}: ${text}`)),
    terms.limits.flatMap((limit, index) => {
      const text = limitProblem(limit);
      return text === undefined ? [] : [`Limit ${index + 1}: ${text}`];
    }),
  ].flat();
}

function priceProblems(price: PriceForm): string[] {
  if (isTiered(price)) {
    const isWhole = price.tiers.every(({ upTo, unitPrice, fee }, index) => {
      const isLast = index === price.tiers.length - 1;
      return (isLast || quantityOf(upTo) !== undefined) && isAmount(unitPrice) && (fee === "" || isAmount(fee));
    });
    return isWhole ? [] : ["each tier needs an end (the last has none) and a price."];
  }
  return [
    isAmount(price.unitPrice) ? [] : ["it needs an amount, such as 0.001."],
    price.scheme !== "PACKAGE" || quantityOf(price.packageSize) !== undefined ? [] : ["how many units has a package?"],
  ].flat();
}

function isAmount(text: string): boolean {
  return microsOf(text) !== undefined;
}

export function quantityOf(text: string): number | undefined {
  return /^\d{1,13}(\.\d{1,3})?$/.test(text.trim()) ? Number(text) : undefined;
}

/** As the gateway takes it; it says itself what else is wrong. */
export function termsInputOf(terms: TermsForm): PlanTermsInput {
  return {
    currency: terms.currency,
    flatFeeMicros: microsOf(terms.flatFee) ?? "0",
    prices: terms.prices.map(priceInputOf),
    limits: terms.limits.map((limit) => ({ ...limitInputOf(limit), appliesTo: limit.appliesTo })),
  };
}

function priceInputOf(price: PriceForm): PlanTermsInput["prices"][number] {
  const { meter, scheme } = price;
  return {
    meter,
    scheme,
    included: quantityOf(price.included) ?? 0,
    ...(price.model === "" ? {} : { model: price.model }),
    ...(scheme === "PACKAGE" ? { packageSize: quantityOf(price.packageSize) ?? 1 } : {}),
    ...(isTiered(price)
      ? { tiers: price.tiers.map((tier, index) => tierInputOf(tier, index === price.tiers.length - 1)) }
      : { unitPriceMicros: microsOf(price.unitPrice) ?? "0" }),
  };
}

function tierInputOf({ upTo, unitPrice, fee }: TierForm, isLast: boolean) {
  return {
    unitPriceMicros: microsOf(unitPrice) ?? "0",
    ...(isLast ? {} : { upTo: quantityOf(upTo) ?? 0 }),
    ...(fee === "" ? {} : { flatFeeMicros: microsOf(fee) ?? "0" }),
  };
}
