import { daysIn, type Period } from "../../core/period.ts";
import type { WantedLine } from "./invoice.ts";
import { type DaySpan, daysHeld, prorated, type Tenure } from "./proration.ts";

/** A tenant's subscription, with what its plan version costs for each period. */
export interface FeeTenure extends Tenure {
  planVersionId: string;
  planName: string;
  planVersion: number;
  flatFeeMicros: bigint;
}

/**
 * The flat fees of a period. A plan is charged to the period's end, as it is when nobody changes it; one that ended before
 * has the days after it credited. So the reader sees both what the plan costs and what the change gave back.
 */
export function feeLines(period: Period, tenures: readonly FeeTenure[]): WantedLine[] {
  return [...tenures]
    .sort((a, b) => a.startsAt.getTime() - b.startsAt.getTime())
    .flatMap((tenure) => linesOf(period, tenure));
}

function linesOf(period: Period, tenure: FeeTenure): WantedLine[] {
  const held = daysHeld(period, tenure);
  if (tenure.flatFeeMicros === 0n || held.from === held.to) return [];
  const days = daysIn(period);
  const fee = lineOf(period, tenure, { kind: "FLAT_FEE", span: { from: held.from, to: days } });
  if (held.to === days) return [fee];
  return [fee, lineOf(period, tenure, { kind: "FLAT_FEE_CREDIT", span: { from: held.to, to: days } })];
}

function lineOf(
  period: Period,
  { planVersionId, planName, planVersion, flatFeeMicros }: FeeTenure,
  { kind, span }: { kind: "FLAT_FEE" | "FLAT_FEE_CREDIT"; span: DaySpan },
): WantedLine {
  const days = daysIn(period);
  const amount = prorated(flatFeeMicros, span, days);
  const isCredit = kind === "FLAT_FEE_CREDIT";
  const share = span.to - span.from === days ? "" : `, ${span.to - span.from} of ${days} days`;
  return {
    kind,
    description: `${planName} v${planVersion}: ${isCredit ? "credit for the unused part of the fee" : "flat fee"}${share}`,
    planVersionId,
    meter: undefined,
    priceModelId: undefined,
    part: undefined,
    tier: undefined,
    startsAt: dayOf(period, span.from),
    endsAt: dayOf(period, span.to),
    quantity: BigInt(span.to - span.from),
    unitCount: 1n,
    unitPriceMicros: isCredit ? -flatFeeMicros : flatFeeMicros,
    amountMicros: isCredit ? -amount : amount,
    correctsLineId: undefined,
  };
}

function dayOf({ startsAt }: Period, day: number): Date {
  return new Date(startsAt.getTime() + day * 86_400_000);
}
