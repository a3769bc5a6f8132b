import { formatMinorUnits } from "../../core/currency.ts";
import { TollgateError } from "../../core/errors.ts";
import type { Micros } from "../../core/money.ts";
import { minorUnitMicros, shareOf } from "../../core/rounding.ts";
import type { Invoice, InvoiceLine, PayableLine, Totals } from "./invoice.ts";

/** What is to be credited of a line, as it is paid, above zero. */
export interface WantedCredit {
  lineId: string;
  amountMicros: Micros;
}

/**
 * The lines and totals of a credit note: an invoice with the signs turned round. Without a wish, all that earlier notes have
 * left is credited. Throws INVALID_INPUT for an amount that cannot be paid or is more than is left of its line, and
 * CONFLICT when nothing is left.
 */
export function creditNoteOf(
  invoice: Invoice,
  earlier: readonly Invoice[],
  wanted: readonly WantedCredit[] | undefined,
): Totals & { lines: PayableLine[] } {
  const left = leftOf(invoice, earlier);
  const credits = wanted === undefined ? allOf(left) : checked(invoice, left, wanted);
  const byId = new Map(invoice.lines.map((line) => [line.id, line]));
  const lines = credits.flatMap(({ lineId, amountMicros }) => {
    const line = byId.get(lineId);
    return line === undefined ? [] : [correctionOf(line, -amountMicros)];
  });
  if (lines.length === 0)
    throw new TollgateError("CONFLICT", `All of the invoice ${invoice.number} is credited already.`);
  return { ...totalsOfNote(invoice, earlier, lines), lines };
}

/** What is left of each line to be credited. */
function leftOf(invoice: Invoice, earlier: readonly Invoice[]): Map<string, Micros> {
  const left = new Map(invoice.lines.map((line) => [line.id, line.payableMicros]));
  for (const line of earlier.flatMap((note) => note.lines)) {
    if (line.correctsLineId === undefined) continue;
    left.set(line.correctsLineId, (left.get(line.correctsLineId) ?? 0n) + line.payableMicros);
  }
  return left;
}

function allOf(left: ReadonlyMap<string, Micros>): WantedCredit[] {
  return [...left].flatMap(([lineId, amountMicros]) => (amountMicros === 0n ? [] : [{ lineId, amountMicros }]));
}

function checked(invoice: Invoice, left: ReadonlyMap<string, Micros>, wanted: readonly WantedCredit[]): WantedCredit[] {
  const lines = new Set(wanted.map(({ lineId }) => lineId));
  if (lines.size < wanted.length)
    throw new TollgateError("INVALID_INPUT", "lines names one line twice. Name each once.");
  for (const [index, credit] of wanted.entries()) {
    const problem = problemOf(credit, { invoice, rest: left.get(credit.lineId) });
    if (problem !== undefined) throw new TollgateError("INVALID_INPUT", `lines[${index}].${problem}`);
  }
  return [...wanted];
}

function problemOf(
  { amountMicros }: WantedCredit,
  { invoice: { number, currency }, rest }: { invoice: Invoice; rest: Micros | undefined },
): string | undefined {
  if (rest === undefined) return `lineId is no line of the invoice ${number}.`;
  if (amountMicros % minorUnitMicros(currency) !== 0n) {
    return `amount is not a whole number of ${currency}'s smallest unit.`;
  }
  if (amountMicros > 0n && amountMicros <= rest) return undefined;
  const most = formatMinorUnits(rest > 0n ? rest : 0n, currency);
  return `amount must be above zero and not above ${most} ${currency}.`;
}

function correctionOf(line: InvoiceLine, amountMicros: Micros): PayableLine {
  const { planVersionId, meter, priceModelId, startsAt, endsAt } = line;
  const none = { part: undefined, tier: undefined, unitCount: undefined, unitPriceMicros: undefined };
  const of = { planVersionId, meter, priceModelId, startsAt, endsAt, correctsLineId: line.id };
  const description = `Credit: ${line.description}`;
  return { ...none, ...of, kind: "CORRECTION", description, quantity: 0n, amountMicros, payableMicros: amountMicros };
}

/** The tax of all notes together is the tax of all that they credit: so it is worked out of the sum, less what earlier notes had. */
function totalsOfNote(invoice: Invoice, earlier: readonly Invoice[], lines: readonly PayableLine[]): Totals {
  const subtotalMicros = lines.reduce((sum, line) => sum + line.payableMicros, 0n);
  const before = earlier.reduce(
    (sum, note) => ({ net: sum.net + note.subtotalMicros, tax: sum.tax + note.taxMicros }),
    { net: 0n, tax: 0n },
  );
  const taxMicros = shareOf(before.net + subtotalMicros, invoice.taxRatePpm, invoice.currency) - before.tax;
  return { subtotalMicros, taxMicros, creditsMicros: 0n, totalMicros: subtotalMicros + taxMicros };
}
