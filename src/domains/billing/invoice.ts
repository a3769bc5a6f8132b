import type { Micros } from "../../core/money.ts";
import type { Period } from "../../core/period.ts";
import type { RatedPart } from "../plans/rating.ts";

export const invoiceKinds = ["INVOICE", "CREDIT_NOTE"] as const;
export type InvoiceKind = (typeof invoiceKinds)[number];

export const invoiceStates = ["ISSUED", "PAID", "VOID"] as const;
export type InvoiceState = (typeof invoiceStates)[number];

export const invoiceLineKinds = ["FLAT_FEE", "FLAT_FEE_CREDIT", "USAGE", "LATE_USAGE", "CORRECTION"] as const;
export type InvoiceLineKind = (typeof invoiceLineKinds)[number];

/** Which part of a price a line of usage shows. */
export type PricePart = RatedPart["kind"];

/** One thing that is paid, before it has a place in an invoice. */
export interface WantedLine extends Period {
  kind: InvoiceLineKind;
  description: string;
  /** The price version. */
  planVersionId: string | undefined;
  meter: string | undefined;
  /** Of the price, not of the usage: empty where the price is that of all models. */
  priceModelId: string | undefined;
  part: PricePart | undefined;
  tier: number | undefined;
  /** In the meter's smallest unit; days of a fee. */
  quantity: bigint;
  /** How many times the price is asked, where that does not follow from the quantity: packages, fees. */
  unitCount: bigint | undefined;
  unitPriceMicros: Micros | undefined;
  /** Exact. */
  amountMicros: Micros;
  correctsLineId: string | undefined;
}

/** A line with its amount as it is paid: rounded once, half to even, to the currency's minor unit. */
export interface PayableLine extends WantedLine {
  payableMicros: Micros;
}

export interface InvoiceLine extends PayableLine {
  id: string;
  invoiceId: string;
  tenantId: string;
  position: number;
}

/** A side of an invoice. Texts may be empty. */
export interface Party {
  name: string;
  address: string;
  taxId: string;
}

export interface Totals {
  /** Of the lines as they are paid. */
  subtotalMicros: Micros;
  taxMicros: Micros;
  /** Paid ahead. */
  creditsMicros: Micros;
  /** What is left to pay; below zero, what the tenant has in its favour. */
  totalMicros: Micros;
}

/** What an invoice would say if its period were closed now. */
export interface InvoiceDraft extends Totals {
  tenantId: string;
  period: Period;
  currency: string;
  taxRatePpm: number;
  lines: PayableLine[];
}

/** What happened to an invoice after it was issued. */
export type InvoiceEnd =
  | { state: "ISSUED" }
  | { state: "PAID"; paidAt: Date; paymentReference: string }
  | { state: "VOID"; voidedAt: Date; voidReason: string };

/** An invoice or a credit note, as it was issued. */
export interface Invoice extends Totals {
  id: string;
  tenantId: string;
  kind: InvoiceKind;
  sequence: number;
  number: string;
  /** The invoice that a credit note corrects. */
  correctsId: string | undefined;
  reason: string | undefined;
  period: Period;
  currency: string;
  seller: Party;
  customer: Party;
  taxRatePpm: number;
  issuedAt: Date;
  dueAt: Date;
  end: InvoiceEnd;
  lines: InvoiceLine[];
}

/** Whose invoices: one tenant's, or for operators those of all. */
export type InvoiceScope = { tenantId: string } | "ALL_TENANTS";
