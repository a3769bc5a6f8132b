import { formatMicros, formatMinorUnits } from "../../core/currency.ts";
import { dayMs } from "../../core/period.ts";
import type { Invoice, InvoiceLine, Party } from "./invoice.ts";
import { type PdfPage, page } from "./pdf-page.ts";
import { plainQuantity } from "./quantities.ts";

export interface PdfInvoice {
  invoice: Invoice;
  /** The number of the invoice that a credit note corrects. */
  correctsNumber: string | undefined;
}

const grey = "#666666";
const half = (page.right - page.left) / 2;
const rightHalf = { x: page.left + half + 20, width: half - 20 };

/** Who asks whom for what, and until when. */
export function drawHead(pdf: PdfPage, { invoice, correctsNumber }: PdfInvoice): void {
  const { seller, customer, kind, end } = invoice;
  const title = kind === "INVOICE" ? "Invoice" : "Credit note";
  pdf.text(seller.name, { x: page.left, width: half, size: 12, weight: "bold" });
  const stamp = { ISSUED: "", PAID: " · PAID", VOID: " · VOID" }[end.state];
  const colour = end.state === "VOID" ? "#b00020" : "#1a1a1a";
  const titleEnd = pdf.text(title + stamp, { ...rightHalf, size: 18, weight: "bold", align: "right", colour });
  pdf.moveTo(pdf.y + 18);
  const sellerEnd = pdf.text(partyText({ ...seller, name: "" }), { x: page.left, width: half, colour: grey });

  pdf.moveTo(Math.max(sellerEnd, titleEnd) + 20);
  const top = pdf.y;
  pdf.text(kind === "INVOICE" ? "Billed to" : "Credited to", { x: page.left, width: half, size: 8, colour: grey });
  pdf.moveTo(top + 13);
  const nameEnd = pdf.text(customer.name, { x: page.left, width: half, size: 10, weight: "bold" });
  pdf.moveTo(nameEnd);
  const customerEnd = pdf.text(partyText({ ...customer, name: "" }), { x: page.left, width: half });
  pdf.moveTo(top);
  const factsEnd = drawFacts(pdf, factsOf(invoice, correctsNumber));
  pdf.moveTo(Math.max(customerEnd, factsEnd) + 24);
}

function partyText({ name, address, taxId }: Party): string {
  return [name, address, taxId === "" ? "" : `Tax number: ${taxId}`].filter((text) => text !== "").join("\n");
}

function factsOf(invoice: Invoice, correctsNumber: string | undefined): [string, string][] {
  const { number, issuedAt, dueAt, period, currency, kind, end, reason } = invoice;
  const optional = (label: string, value: string | undefined): [string, string][] => (value ? [[label, value]] : []);
  return [
    ["Number", number],
    ...optional("Corrects", correctsNumber),
    ["Date of issue", day(issuedAt)],
    ...optional("Due", kind === "INVOICE" ? day(dueAt) : undefined),
    // People read a period by its last day; the end is the instant after it.
    ["Period", `${day(period.startsAt)} to ${day(new Date(period.endsAt.getTime() - dayMs))} (UTC)`],
    ["Currency", currency],
    ...optional("Reason", reason),
    ...(end.state === "PAID" ? optional("Paid", [day(end.paidAt), end.paymentReference].join(" ").trim()) : []),
    ...(end.state === "VOID" ? optional("Voided", `${day(end.voidedAt)}: ${end.voidReason}`) : []),
  ];
}

function drawFacts(pdf: PdfPage, facts: [string, string][]): number {
  for (const [label, value] of facts) {
    pdf.text(label, { x: rightHalf.x, width: 70, colour: grey });
    pdf.moveTo(pdf.text(value, { x: rightHalf.x + 75, width: rightHalf.width - 75, align: "right" }));
  }
  return pdf.y;
}

const columns = {
  position: { x: page.left, width: 20 },
  description: { x: page.left + 24, width: 230 },
  quantity: { x: page.left + 258, width: 72, align: "right" },
  unitPrice: { x: page.left + 334, width: 76, align: "right" },
  amount: { x: page.left + 414, width: page.right - page.left - 414, align: "right" },
} as const;

/** The table, over as many pages as it needs, each with its head. */
export function drawLines(pdf: PdfPage, invoice: Invoice): void {
  drawTableHead(pdf);
  for (const line of invoice.lines) {
    const rows = Math.ceil(line.description.length / 40) + 1;
    if (pdf.y + rows * 13 > page.bottom) {
      pdf.nextPage();
      drawTableHead(pdf);
    }
    drawLine(pdf, invoice, line);
  }
  if (invoice.lines.length === 0) {
    pdf.moveTo(pdf.text("Nothing was used in this period.", { ...columns.description, colour: grey }) + 6);
  }
}

function drawTableHead(pdf: PdfPage): void {
  const head = { size: 8, colour: grey } as const;
  pdf.text("#", { ...columns.position, ...head });
  pdf.text("Description", { ...columns.description, ...head });
  pdf.text("Quantity", { ...columns.quantity, ...head });
  pdf.text("Unit price", { ...columns.unitPrice, ...head });
  pdf.moveTo(pdf.text("Amount", { ...columns.amount, ...head }) + 3);
  pdf.rule(pdf.y, 1);
  pdf.moveTo(pdf.y + 6);
}

function drawLine(pdf: PdfPage, { currency }: Invoice, line: InvoiceLine): void {
  pdf.text(String(line.position), { ...columns.position, colour: grey });
  pdf.text(quantityText(line), columns.quantity);
  pdf.text(
    line.unitPriceMicros === undefined ? "" : grouped(formatMicros(line.unitPriceMicros, currency)),
    columns.unitPrice,
  );
  pdf.text(grouped(formatMinorUnits(line.payableMicros, currency)), columns.amount);
  const end = pdf.text(line.description, columns.description);
  pdf.rule(end + 2, 0.25);
  pdf.moveTo(end + 7);
}

function quantityText({ kind, part, quantity, unitCount, meter }: InvoiceLine): string {
  if (kind === "CORRECTION") return "";
  if (kind === "FLAT_FEE" || kind === "FLAT_FEE_CREDIT") return `${quantity} days`;
  const isByCount = part === "PACKAGES" || part === "TIER_FEE" || part === "FLAT";
  return grouped(isByCount ? `${unitCount ?? quantity}` : plainQuantity(quantity, meter));
}

const totalsHeight = 110;

export function drawTotals(pdf: PdfPage, invoice: Invoice): void {
  if (pdf.y + totalsHeight > page.bottom) pdf.nextPage();
  pdf.moveTo(pdf.y + 6);
  const amount = (value: bigint) => `${grouped(formatMinorUnits(value, invoice.currency))} ${invoice.currency}`;
  drawTotal(pdf, "Subtotal", amount(invoice.subtotalMicros));
  drawTotal(pdf, `Tax ${percent(invoice.taxRatePpm)}`, amount(invoice.taxMicros));
  if (invoice.creditsMicros !== 0n) drawTotal(pdf, "Credits paid ahead", amount(-invoice.creditsMicros));
  pdf.rule(pdf.y, 1);
  pdf.moveTo(pdf.y + 5);
  drawTotal(
    pdf,
    invoice.totalMicros < 0n ? "In your favour" : "Total due",
    amount(absolute(invoice.totalMicros)),
    "bold",
  );
}

function drawTotal(pdf: PdfPage, label: string, value: string, weight: "regular" | "bold" = "regular"): void {
  const size = weight === "bold" ? 12 : 9;
  pdf.text(label, { x: page.left + 250, width: 130, align: "right", size, weight });
  pdf.moveTo(
    pdf.text(value, { x: page.left + 384, width: page.right - page.left - 384, align: "right", size, weight }) + 4,
  );
}

/** On every page, once it is known how many there are. */
export function drawFooters(pdf: PdfPage, invoice: Invoice, { isComplete }: { isComplete: boolean }): void {
  const { start, count } = pdf.document.bufferedPageRange();
  const small = { size: 7, colour: grey } as const;
  const note = [
    "Amounts are worked out in millionths and rounded once for each line, half to even.",
    isComplete ? "" : "Letters that the fonts of this document lack stand as their Unicode code points.",
  ];
  for (let index = start; index < start + count; index++) {
    pdf.document.switchToPage(index);
    pdf.moveTo(page.bottom + 16);
    pdf.text(note.join(" ").trim(), { x: page.left, width: 330, ...small });
    pdf.text(`${invoice.number} · page ${index - start + 1} of ${count}`, {
      x: page.left + 335,
      width: page.right - page.left - 335,
      align: "right",
      ...small,
    });
  }
}

function day(at: Date): string {
  return at.toISOString().slice(0, 10);
}

/** Thousands apart, for people: `1,234,567.50`. */
function grouped(decimal: string): string {
  const [whole = "", fraction] = decimal.split(".");
  const apart = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? apart : `${apart}.${fraction}`;
}

function percent(partsPerMillion: number): string {
  return `${partsPerMillion / 10_000} %`;
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}
