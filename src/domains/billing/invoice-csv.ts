import { formatMicros, formatMinorUnits } from "../../core/currency.ts";
import type { Invoice, InvoiceLine } from "./invoice.ts";
import { plainQuantity } from "./quantities.ts";

const columns = [
  "invoice",
  "position",
  "kind",
  "description",
  "meter",
  "price_model_id",
  "plan_version_id",
  "part",
  "tier",
  "starts_at",
  "ends_at",
  "quantity",
  "unit_count",
  "unit_price",
  "exact_amount",
  "amount",
  "currency",
] as const;

type Row = Partial<Record<(typeof columns)[number], Cell>>;
/** Text is made safe for spreadsheets; numbers, which we wrote, are left as they are. */
type Cell = string | { number: string };

/** The lines of an invoice and then its totals, as RFC 4180 has it. The same invoice is the same bytes, whenever it is asked for. */
export function invoiceCsv(invoice: Invoice): string {
  const totals = [
    totalRow(invoice, "SUBTOTAL", invoice.subtotalMicros),
    totalRow(invoice, "TAX", invoice.taxMicros),
    totalRow(invoice, "CREDITS", -invoice.creditsMicros),
    totalRow(invoice, "TOTAL", invoice.totalMicros),
  ];
  const rows = [...invoice.lines.map((line) => lineRow(invoice, line)), ...totals];
  const lines = rows.map((row) => columns.map((column) => cellText(row[column])).join(","));
  return [columns.join(","), ...lines, ""].join("\r\n");
}

function lineRow({ number, currency }: Invoice, line: InvoiceLine): Row {
  const decimal = (amount: bigint | undefined) =>
    amount === undefined ? "" : { number: formatMicros(amount, currency) };
  return {
    invoice: number,
    position: { number: String(line.position) },
    kind: line.kind,
    description: line.description,
    meter: line.meter ?? "",
    price_model_id: line.priceModelId ?? "",
    plan_version_id: line.planVersionId ?? "",
    part: line.part ?? "",
    tier: { number: line.tier === undefined ? "" : String(line.tier) },
    starts_at: line.startsAt.toISOString(),
    ends_at: line.endsAt.toISOString(),
    quantity: { number: plainQuantity(line.quantity, line.meter) },
    unit_count: { number: line.unitCount === undefined ? "" : String(line.unitCount) },
    unit_price: decimal(line.unitPriceMicros),
    exact_amount: decimal(line.amountMicros),
    amount: { number: formatMinorUnits(line.payableMicros, currency) },
    currency,
  };
}

function totalRow({ number, currency }: Invoice, kind: string, amount: bigint): Row {
  return { invoice: number, kind, amount: { number: formatMinorUnits(amount, currency) }, currency };
}

function cellText(cell: Cell = ""): string {
  if (typeof cell !== "string") return cell.number;
  // A spreadsheet would take a text that begins so for a formula, and run it.
  const safe = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
