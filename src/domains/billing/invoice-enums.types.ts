import { registerEnumType } from "type-graphql";
import type { InvoiceKind, InvoiceLineKind, InvoiceState, PricePart } from "./invoice.ts";

type EnumOf<Name extends string> = { [Key in Name]: Key };

export const InvoiceKindEnum: EnumOf<InvoiceKind> = { INVOICE: "INVOICE", CREDIT_NOTE: "CREDIT_NOTE" };
registerEnumType(InvoiceKindEnum, {
  name: "InvoiceKind",
  description: "Whether a document asks for money or gives it back.",
  valuesConfig: {
    INVOICE: { description: "What a period costs." },
    CREDIT_NOTE: { description: "Corrects an invoice: the same with the signs turned round." },
  },
});

export const InvoiceStateEnum: EnumOf<InvoiceState> = { ISSUED: "ISSUED", PAID: "PAID", VOID: "VOID" };
registerEnumType(InvoiceStateEnum, {
  name: "InvoiceState",
  description: "What became of an invoice.",
  valuesConfig: {
    ISSUED: { description: "It stands, and waits to be paid." },
    PAID: { description: "It was paid." },
    VOID: { description: "It was taken back as a whole; its number stays taken." },
  },
});

export const InvoiceLineKindEnum: EnumOf<InvoiceLineKind> = {
  FLAT_FEE: "FLAT_FEE",
  FLAT_FEE_CREDIT: "FLAT_FEE_CREDIT",
  USAGE: "USAGE",
  LATE_USAGE: "LATE_USAGE",
  CORRECTION: "CORRECTION",
};
registerEnumType(InvoiceLineKindEnum, {
  name: "InvoiceLineKind",
  description: "What a line of an invoice is about.",
  valuesConfig: {
    FLAT_FEE: { description: "A plan's fee, from its first day to the period's end." },
    FLAT_FEE_CREDIT: { description: "The part of a fee after the plan was left." },
    USAGE: { description: "What was used of a meter, at one part of its price." },
    LATE_USAGE: { description: "A correction of a period that was invoiced before." },
    CORRECTION: { description: "What a credit note gives back of an invoice's line." },
  },
});

export const PricePartEnum: EnumOf<PricePart> = {
  INCLUDED: "INCLUDED",
  UNITS: "UNITS",
  PACKAGES: "PACKAGES",
  TIER: "TIER",
  TIER_FEE: "TIER_FEE",
  FLAT: "FLAT",
};
registerEnumType(PricePartEnum, {
  name: "PricePart",
  description: "Which part of a price a line shows.",
  valuesConfig: {
    INCLUDED: { description: "What the plan includes, for nothing." },
    UNITS: { description: "Units at one price." },
    PACKAGES: { description: "Packages, each whole, however little of the last is used." },
    TIER: { description: "Units at the price of one tier." },
    TIER_FEE: { description: "What reaching a tier costs, once." },
    FLAT: { description: "One price for any quantity." },
  },
});
