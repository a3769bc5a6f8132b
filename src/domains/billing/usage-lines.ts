import type { Period } from "../../core/period.ts";
import { type Price, type RatedPart, ratedCost, ratedParts } from "../plans/rating.ts";
import type { WantedLine } from "./invoice.ts";
import { plainQuantity } from "./quantities.ts";

/** What was used of one price in a period, as the ledger has it. */
export interface PriceGroup {
  planVersionId: string;
  planName: string;
  planVersion: number;
  meter: string;
  /** Empty: the price for all models. */
  priceModelId: string;
  /** The model's name; undefined for all models. */
  modelName: string | undefined;
  /** Undefined: the plan does not price the meter, which is then recorded because it is limited. */
  price: Price | undefined;
  quantity: bigint;
  amountMicros: bigint;
}

/** Corrections of a period that was closed before, booked in this one. */
export interface LateGroup extends PriceGroup {
  /** The period that is corrected. */
  ofPeriod: Period;
}

/** The ledger's amounts are not what its quantities cost: nothing is invoiced until that is explained. */
export class LedgerMismatch extends Error {}

/**
 * The lines of a period's usage: one for each part of the price of each group. Their quantities and exact amounts add up
 * to the group's, and so to its events'. Throws LedgerMismatch if the events' amounts are not what the price says.
 */
export function usageLines(period: Period, groups: readonly PriceGroup[]): WantedLine[] {
  return groups.flatMap((group) => {
    if (group.price === undefined) return unpriced(group);
    const cost = ratedCost(group.price, group.quantity);
    if (cost !== group.amountMicros) throw mismatch(group, cost);
    return ratedParts(group.price, group.quantity).map((part) => ({
      ...base("USAGE", period, group),
      description: `${nameOf(group)}${partName(part, group)}`,
      part: part.kind,
      tier: part.tier,
      quantity: part.quantity,
      unitCount: part.count,
      unitPriceMicros: part.unitPriceMicros,
      amountMicros: part.amountMicros,
    }));
  });
}

/** The lines of late corrections: what each price group of a period that is closed has shrunk by since. */
export function lateLines(groups: readonly LateGroup[]): WantedLine[] {
  return groups
    .filter((group) => group.quantity !== 0n || group.amountMicros !== 0n)
    .map((group) => ({
      ...base("LATE_USAGE", group.ofPeriod, group),
      description: `${nameOf(group)}, late correction of the period from ${isoDay(group.ofPeriod.startsAt)}`,
      quantity: group.quantity,
      amountMicros: group.amountMicros,
    }));
}

function base(kind: "USAGE" | "LATE_USAGE", { startsAt, endsAt }: Period, group: PriceGroup) {
  const { planVersionId, meter, priceModelId } = group;
  const none = { part: undefined, tier: undefined, unitCount: undefined, unitPriceMicros: undefined };
  return { ...none, kind, planVersionId, meter, priceModelId, startsAt, endsAt, correctsLineId: undefined };
}

function unpriced(group: PriceGroup): WantedLine[] {
  if (group.amountMicros !== 0n) throw mismatch(group, 0n);
  return [];
}

function mismatch({ meter, planVersionId, priceModelId, quantity, amountMicros }: PriceGroup, cost: bigint) {
  return new LedgerMismatch(
    `${quantity} of ${meter} under ${planVersionId}${priceModelId === "" ? "" : ` for ${priceModelId}`} cost ${cost}, and the events add up to ${amountMicros}.`,
  );
}

function nameOf({ planName, planVersion, meter, modelName }: PriceGroup): string {
  return `${meter}${modelName === undefined ? "" : ` of ${modelName}`} (${planName} v${planVersion})`;
}

function partName({ kind, tier, count }: RatedPart, { price, meter }: PriceGroup): string {
  switch (kind) {
    case "INCLUDED":
      return ", included";
    case "UNITS":
      return "";
    case "PACKAGES":
      return `, ${count} packages of ${plainQuantity(price?.packageSize ?? 0n, meter)}`;
    case "TIER":
      return `, ${price?.scheme === "VOLUME" ? "all in tier" : "tier"} ${tier}`;
    case "TIER_FEE":
      return `, fee of tier ${tier}`;
    case "FLAT":
      return ", flat";
  }
}

function isoDay(at: Date): string {
  return at.toISOString().slice(0, 10);
}
