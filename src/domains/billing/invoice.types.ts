import { GraphQLDateTime } from "graphql-scalars";
import { Field, ID, Int, ObjectType } from "type-graphql";
import { connectionType } from "../../platform/graphql/connection.types.ts";
import { NodeType } from "../../platform/graphql/node.types.ts";
import { MicrosScalar } from "../../platform/graphql/scalars.types.ts";
import type { Invoice, InvoiceDraft, InvoiceKind, InvoiceState } from "./invoice.ts";
import { InvoiceKindEnum, InvoiceStateEnum } from "./invoice-enums.types.ts";
import { InvoiceLineType, toDraftLineType, toLineType } from "./invoice-line.types.ts";

@ObjectType("InvoiceParty", {
  description: "A side of an invoice, as it was on the day of issue.",
  simpleResolvers: true,
})
export class InvoicePartyType {
  @Field(() => String, { description: "What it is called." })
  name: string;

  @Field(() => String, { description: "Its address, in lines." })
  address: string;

  @Field(() => String, { description: "Its tax number; empty without one." })
  taxId: string;
}

@ObjectType("Invoice", {
  implements: NodeType,
  description: "What a tenant's period costs, as it was issued; or a credit note, which corrects one.",
  simpleResolvers: true,
})
export class InvoiceType extends NodeType {
  @Field(() => InvoiceKindEnum, { description: "Whether it asks for money or gives it back." })
  kind: InvoiceKind;

  @Field(() => ID, { description: "The tenant that it is addressed to." })
  tenantId: string;

  @Field(() => String, { description: "Its number: without gaps for each tenant and kind." })
  number: string;

  @Field(() => InvoiceStateEnum, { description: "What became of it." })
  state: InvoiceState;

  @Field(() => ID, { nullable: true, description: "The invoice that a credit note corrects." })
  correctsId: string | null;

  @Field(() => String, { nullable: true, description: "Why a credit note was issued, or an invoice voided." })
  reason: string | null;

  @Field(() => GraphQLDateTime, { description: "The start of its period." })
  startsAt: Date;

  @Field(() => GraphQLDateTime, { description: "The end of its period, exclusive." })
  endsAt: Date;

  @Field(() => String, { description: "Its currency, as three letters of ISO 4217." })
  currency: string;

  @Field(() => InvoicePartyType, { description: "Who asks." })
  seller: InvoicePartyType;

  @Field(() => InvoicePartyType, { description: "Who is asked." })
  customer: InvoicePartyType;

  @Field(() => [InvoiceLineType], { description: "What it is made of; the amounts add up to the subtotal." })
  lines: InvoiceLineType[];

  @Field(() => MicrosScalar, { description: "The sum of the lines." })
  subtotal: bigint;

  @Field(() => Int, { description: "The tax, in millionths of the subtotal: 190000 is 19 %." })
  taxRatePpm: number;

  @Field(() => MicrosScalar, { description: "The tax, rounded once." })
  tax: bigint;

  @Field(() => MicrosScalar, { description: "What was paid ahead, and is taken off." })
  credits: bigint;

  @Field(() => MicrosScalar, { description: "What is left to pay: subtotal + tax - credits." })
  total: bigint;

  @Field(() => GraphQLDateTime, { description: "When it was issued." })
  issuedAt: Date;

  @Field(() => GraphQLDateTime, { description: "Until when it is to be paid." })
  dueAt: Date;

  @Field(() => GraphQLDateTime, { nullable: true, description: "When it was paid." })
  paidAt: Date | null;

  @Field(() => String, { nullable: true, description: "What the payment is known by." })
  paymentReference: string | null;

  @Field(() => GraphQLDateTime, { nullable: true, description: "When it was voided." })
  voidedAt: Date | null;

  @Field(() => String, { description: "Where it is as a PDF, on this server, for the same credential." })
  pdfPath: string;

  @Field(() => String, { description: "Where it is as CSV, on this server, for the same credential." })
  csvPath: string;
}

export const InvoiceConnectionType = connectionType("Invoice", () => InvoiceType);

@ObjectType("InvoiceDraft", {
  description: "What an invoice would say if its period ended now.",
  simpleResolvers: true,
})
export class InvoiceDraftType {
  @Field(() => GraphQLDateTime, { description: "The start of its period." })
  startsAt: Date;

  @Field(() => GraphQLDateTime, { description: "The end of its period, exclusive." })
  endsAt: Date;

  @Field(() => GraphQLDateTime, { description: "From when on it can be issued." })
  issuableAt: Date;

  @Field(() => String, { description: "Its currency, as three letters of ISO 4217." })
  currency: string;

  @Field(() => [InvoiceLineType], { description: "What it is made of so far." })
  lines: InvoiceLineType[];

  @Field(() => MicrosScalar, { description: "The sum of the lines." })
  subtotal: bigint;

  @Field(() => Int, { description: "The tax, in millionths of the subtotal." })
  taxRatePpm: number;

  @Field(() => MicrosScalar, { description: "The tax, rounded once." })
  tax: bigint;

  @Field(() => MicrosScalar, { description: "What was paid ahead, and would be taken off." })
  credits: bigint;

  @Field(() => MicrosScalar, { description: "What would be left to pay." })
  total: bigint;
}

export function toInvoiceType(invoice: Invoice): InvoiceType {
  const { id, end } = invoice;
  return {
    ...pickCommon(invoice),
    id,
    kind: invoice.kind,
    tenantId: invoice.tenantId,
    number: invoice.number,
    state: end.state,
    correctsId: invoice.correctsId ?? null,
    reason: end.state === "VOID" ? end.voidReason : (invoice.reason ?? null),
    seller: invoice.seller,
    customer: invoice.customer,
    lines: invoice.lines.map((line) => toLineType(invoice, line)),
    issuedAt: invoice.issuedAt,
    dueAt: invoice.dueAt,
    paidAt: end.state === "PAID" ? end.paidAt : null,
    paymentReference: end.state === "PAID" ? end.paymentReference : null,
    voidedAt: end.state === "VOID" ? end.voidedAt : null,
    pdfPath: `/invoices/${id}.pdf`,
    csvPath: `/invoices/${id}.csv`,
  };
}

export function toDraftType(draft: InvoiceDraft & { issuableAt: Date }): InvoiceDraftType {
  return { ...pickCommon(draft), issuableAt: draft.issuableAt, lines: draft.lines.map(toDraftLineType) };
}

function pickCommon(of: Omit<InvoiceDraft, "lines">) {
  return {
    startsAt: of.period.startsAt,
    endsAt: of.period.endsAt,
    currency: of.currency,
    taxRatePpm: of.taxRatePpm,
    subtotal: of.subtotalMicros,
    tax: of.taxMicros,
    credits: of.creditsMicros,
    total: of.totalMicros,
  };
}
