import { z } from "zod";
import { type Price, pricingSchemes } from "../plans/rating.ts";
import { meterScale } from "./quantities.ts";

const whole = z.union([z.number(), z.string()]).transform(BigInt);

const tierRow = z
  .object({ upTo: whole.nullable(), unitPriceMicros: whole, flatMicros: whole })
  .transform(({ upTo, ...tier }) => ({ ...tier, upTo: upTo ?? undefined }));

/** The columns of plan_prices, all empty where there is no price. */
export const priceColumns = z.object({
  scheme: z.enum(pricingSchemes).nullable(),
  unit_price_micros: z.bigint().nullable(),
  package_size: z.bigint().nullable(),
  included: z.bigint().nullable(),
  tiers: z.array(tierRow).nullable(),
});

export function priceOf(row: z.infer<typeof priceColumns>, meter: string): Price | undefined {
  if (row.scheme === null) return undefined;
  return {
    scheme: row.scheme,
    unitPriceMicros: row.unit_price_micros ?? 0n,
    packageSize: row.package_size ?? 1n,
    included: row.included ?? 0n,
    tiers: row.tiers ?? [],
    scale: meterScale(meter),
  };
}
