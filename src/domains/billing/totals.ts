import type { Micros } from "../../core/money.ts";
import { roundToMinorUnit, shareOf } from "../../core/rounding.ts";
import type { PayableLine, Totals, WantedLine } from "./invoice.ts";

/** The one place where amounts are rounded. Each line by itself, so the lines of an invoice add up to its subtotal. */
export function payable(lines: readonly WantedLine[], currency: string): PayableLine[] {
  return lines.map((line) => ({ ...line, payableMicros: roundToMinorUnit(line.amountMicros, currency) }));
}

interface TotalsOf {
  lines: readonly PayableLine[];
  currency: string;
  taxRatePpm: number;
  /** What the tenant has paid ahead, and may be used here. */
  availableCreditsMicros: Micros;
}

/**
 * Credits are money paid ahead, not a discount: they are taken from what is due with its tax, never more than that, and
 * never of an invoice that asks for nothing.
 */
export function totalsOf({ lines, currency, taxRatePpm, availableCreditsMicros }: TotalsOf): Totals {
  const subtotalMicros = lines.reduce((sum, line) => sum + line.payableMicros, 0n);
  const taxMicros = shareOf(subtotalMicros, taxRatePpm, currency);
  const due = subtotalMicros + taxMicros;
  const coverable = due > 0n ? due : 0n;
  const creditsMicros = availableCreditsMicros < coverable ? availableCreditsMicros : coverable;
  return { subtotalMicros, taxMicros, creditsMicros, totalMicros: due - creditsMicros };
}
