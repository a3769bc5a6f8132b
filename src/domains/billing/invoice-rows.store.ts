import { z } from "zod";
import { newId } from "../../core/ids.ts";
import type { Prisma } from "../../platform/database.ts";
import type { InvoiceLineModel, InvoiceModel } from "../../platform/generated/models.ts";
import {
  type Invoice,
  type InvoiceEnd,
  type InvoiceKind,
  type InvoiceLine,
  invoiceKinds,
  invoiceLineKinds,
  invoiceStates,
  type Party,
  type PayableLine,
} from "./invoice.ts";

/** An invoice that has no number yet. */
export interface NewInvoice extends Omit<Invoice, "id" | "sequence" | "number" | "end" | "lines"> {
  issuedBy: string;
  lines: PayableLine[];
}

type Writing = Pick<Prisma, "invoice" | "invoiceLine" | "$queryRaw">;

/**
 * Writes an invoice under the next number of its kind. The caller holds the tenant's lock, and the number is taken by the
 * transaction that writes the row: so there is no gap, whatever fails.
 */
export async function writeInvoice(transaction: Writing, invoice: NewInvoice): Promise<Invoice> {
  const { period, lines: wanted, ...rest } = invoice;
  const sequence = await nextSequence(transaction, invoice.tenantId, invoice.kind);
  const id = newId("invoice");
  const row = await transaction.invoice.create({
    data: {
      ...rest,
      id,
      sequence,
      number: numberOf(invoice.kind, invoice.tenantId, sequence),
      correctsId: rest.correctsId ?? null,
      reason: rest.reason ?? null,
      seller: { ...rest.seller },
      customer: { ...rest.customer },
      periodStartsAt: period.startsAt,
      periodEndsAt: period.endsAt,
    },
  });
  const lines = wanted.map((line, index) => lineRow(line, { id, tenantId: invoice.tenantId, position: index + 1 }));
  await transaction.invoiceLine.createMany({ data: lines });
  return invoiceOf({ ...row, lines });
}

async function nextSequence(transaction: Writing, tenantId: string, kind: InvoiceKind): Promise<number> {
  const last = await transaction.invoice.findFirst({
    where: { tenantId, kind },
    orderBy: { sequence: "desc" },
    select: { sequence: true },
  });
  return (last?.sequence ?? 0) + 1;
}

const prefixes = { INVOICE: "INV", CREDIT_NOTE: "CRN" } as const satisfies Record<InvoiceKind, string>;

/** The tenant's own letters are in it, so that the numbers of two tenants never read alike. */
function numberOf(kind: InvoiceKind, tenantId: string, sequence: number): string {
  return `${prefixes[kind]}-${tenantId.slice(-8).toUpperCase()}-${String(sequence).padStart(5, "0")}`;
}

function lineRow(
  line: PayableLine,
  { id, tenantId, position }: { id: string; tenantId: string; position: number },
): InvoiceLineModel {
  return {
    ...line,
    tenantId,
    id: newId("invoiceLine"),
    invoiceId: id,
    position,
    planVersionId: line.planVersionId ?? null,
    meter: line.meter ?? null,
    priceModelId: line.priceModelId ?? null,
    part: line.part ?? null,
    tier: line.tier ?? null,
    unitCount: line.unitCount ?? null,
    unitPriceMicros: line.unitPriceMicros ?? null,
    correctsLineId: line.correctsLineId ?? null,
  };
}

const party: z.ZodType<Party> = z.object({ name: z.string(), address: z.string(), taxId: z.string() });

export function invoiceOf(row: InvoiceModel & { lines: InvoiceLineModel[] }): Invoice {
  return {
    id: row.id,
    tenantId: row.tenantId,
    kind: z.enum(invoiceKinds).parse(row.kind),
    sequence: row.sequence,
    number: row.number,
    correctsId: row.correctsId ?? undefined,
    reason: row.reason ?? undefined,
    period: { startsAt: row.periodStartsAt, endsAt: row.periodEndsAt },
    currency: row.currency,
    seller: party.parse(row.seller),
    customer: party.parse(row.customer),
    taxRatePpm: row.taxRatePpm,
    subtotalMicros: row.subtotalMicros,
    taxMicros: row.taxMicros,
    creditsMicros: row.creditsMicros,
    totalMicros: row.totalMicros,
    issuedAt: row.issuedAt,
    dueAt: row.dueAt,
    end: endOf(row),
    lines: row.lines.map(lineOf),
  };
}

/** The table's checks see to it that a paid invoice has its day, and a voided one its own. */
function endOf(row: InvoiceModel): InvoiceEnd {
  switch (z.enum(invoiceStates).parse(row.state)) {
    case "ISSUED":
      return { state: "ISSUED" };
    case "PAID":
      return { state: "PAID", paidAt: row.paidAt ?? row.issuedAt, paymentReference: row.paymentReference ?? "" };
    case "VOID":
      return { state: "VOID", voidedAt: row.voidedAt ?? row.issuedAt, voidReason: row.voidReason ?? "" };
  }
}

const pricePart = z.enum(["INCLUDED", "UNITS", "PACKAGES", "TIER", "TIER_FEE", "FLAT"]);

export function lineOf(row: InvoiceLineModel): InvoiceLine {
  return {
    id: row.id,
    invoiceId: row.invoiceId,
    tenantId: row.tenantId,
    position: row.position,
    kind: z.enum(invoiceLineKinds).parse(row.kind),
    description: row.description,
    planVersionId: row.planVersionId ?? undefined,
    meter: row.meter ?? undefined,
    priceModelId: row.priceModelId ?? undefined,
    part: row.part === null ? undefined : pricePart.parse(row.part),
    tier: row.tier ?? undefined,
    startsAt: row.startsAt,
    endsAt: row.endsAt,
    quantity: row.quantity,
    unitCount: row.unitCount ?? undefined,
    unitPriceMicros: row.unitPriceMicros ?? undefined,
    amountMicros: row.amountMicros,
    payableMicros: row.payableMicros,
    correctsLineId: row.correctsLineId ?? undefined,
  };
}
