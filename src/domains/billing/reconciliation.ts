import { roundToMinorUnit, shareOf } from "../../core/rounding.ts";
import type { Invoice, InvoiceDraft, PayableLine } from "./invoice.ts";

/** What a tenant's period comes to in each of the books, and where they do not agree. */
export interface Reconciliation {
  tenantId: string;
  tenantName: string;
  startsAt: Date;
  endsAt: Date;
  currency: string;
  /** Undefined: it has none yet, and the draft was compared. */
  invoiceNumber: string | undefined;
  events: bigint;
  /** Exact, of usage alone; undefined where the events are kept no longer. */
  eventsMicros: bigint | undefined;
  rollupMicros: bigint;
  linesMicros: bigint;
  differences: string[];
}

/**
 * Where an invoice is not what its period's books say: each line against the one that they make now, and each sum against
 * its parts. What was credited since does not change an invoice, so it is not looked at.
 */
export function invoiceDifferences(invoice: Invoice, draft: Pick<InvoiceDraft, "lines">): string[] {
  return [...lineDifferences(invoice.lines, draft.lines), ...sumDifferences(invoice)];
}

function lineDifferences(stored: readonly PayableLine[], made: readonly PayableLine[]): string[] {
  const length = Math.max(stored.length, made.length);
  return Array.from({ length }, (_, index) => index).flatMap((index) => {
    const [one, other] = [stored[index], made[index]];
    const [says, is] = [one && lineText(one), other && lineText(other)];
    return says === is ? [] : [`line ${index + 1}: invoice ${says ?? "has none"}, books ${is ?? "have none"}`];
  });
}

function lineText(line: PayableLine): string {
  const { kind, planVersionId, meter, priceModelId, part, tier } = line;
  const what = [kind, planVersionId, meter, priceModelId, part, tier].filter((one) => one !== undefined && one !== "");
  return `${what.join(" ")}: ${line.quantity} for ${line.amountMicros}`;
}

function sumDifferences(invoice: Invoice): string[] {
  const { lines, currency, taxRatePpm, subtotalMicros, taxMicros, creditsMicros, totalMicros } = invoice;
  const sum = lines.reduce((total, line) => total + line.payableMicros, 0n);
  return [
    ...lines.flatMap((line) =>
      expected(
        `rounded amount of line ${line.position}`,
        line.payableMicros,
        roundToMinorUnit(line.amountMicros, currency),
      ),
    ),
    ...expected("subtotal", subtotalMicros, sum),
    ...expected("tax", taxMicros, shareOf(subtotalMicros, taxRatePpm, currency)),
    ...expected("total", totalMicros, subtotalMicros + taxMicros - creditsMicros),
  ];
}

/** One difference, or none. */
export function expected(what: string, found: bigint, wanted: bigint): string[] {
  return found === wanted ? [] : [`${what}: ${found}, and should be ${wanted}`];
}
