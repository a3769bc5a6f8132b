import { GraphQLDateTime } from "graphql-scalars";
import { Field, Float, ID, Int, ObjectType } from "type-graphql";
import { MicrosScalar } from "../../platform/graphql/scalars.types.ts";
import type { Invoice, InvoiceLine, InvoiceLineKind, PayableLine, PricePart } from "./invoice.ts";
import { InvoiceLineKindEnum, PricePartEnum } from "./invoice-enums.types.ts";
import { plainQuantity } from "./quantities.ts";
import { recomputeSql } from "./recompute.ts";

@ObjectType("InvoiceLine", { description: "One thing that an invoice asks for.", simpleResolvers: true })
export class InvoiceLineType {
  @Field(() => ID, { nullable: true, description: "The id to explain it by; none in a draft." })
  id: string | null;

  @Field(() => Int, { description: "Its place in the invoice, from 1." })
  position: number;

  @Field(() => InvoiceLineKindEnum, { description: "What it is about." })
  kind: InvoiceLineKind;

  @Field(() => String, { description: "The same for people." })
  description: string;

  @Field(() => String, { nullable: true, description: "The meter, of a line of usage." })
  meter: string | null;

  @Field(() => ID, {
    nullable: true,
    description: "The model whose own price it is; none for the price of all models.",
  })
  priceModelId: string | null;

  @Field(() => ID, { nullable: true, description: "The version of the plan that has the price." })
  planVersionId: string | null;

  @Field(() => PricePartEnum, { nullable: true, description: "Which part of the price." })
  part: PricePart | null;

  @Field(() => Int, { nullable: true, description: "Which tier, from 1." })
  tier: number | null;

  @Field(() => GraphQLDateTime, { description: "The start of the time that it is about." })
  startsAt: Date;

  @Field(() => GraphQLDateTime, { description: "The end of that time, exclusive." })
  endsAt: Date;

  @Field(() => String, { description: "How much of the meter, or how many days of a fee, as a decimal." })
  quantity: string;

  @Field(() => Float, { nullable: true, description: "How many times the price, where it is not by quantity." })
  unitCount: number | null;

  @Field(() => MicrosScalar, { nullable: true, description: "The price of one." })
  unitPrice: bigint | null;

  @Field(() => MicrosScalar, { description: "What it comes to exactly: the sum of its events' amounts." })
  exactAmount: bigint;

  @Field(() => MicrosScalar, { description: "What is paid: rounded once, half to even, to the smallest unit." })
  amount: bigint;

  @Field(() => ID, { nullable: true, description: "The line that a credit note's line corrects." })
  correctsLineId: string | null;

  @Field(() => String, { nullable: true, description: "The SQL that recomputes it from the ledger; none in a draft." })
  recompute: string | null;
}

export function toLineType(invoice: Pick<Invoice, "tenantId" | "period">, line: InvoiceLine): InvoiceLineType {
  return { ...lineFields(line, line.position), id: line.id, recompute: recomputeSql(invoice, line) };
}

export function toDraftLineType(line: PayableLine, index: number): InvoiceLineType {
  return { ...lineFields(line, index + 1), id: null, recompute: null };
}

function lineFields(line: PayableLine, position: number): Omit<InvoiceLineType, "id" | "recompute"> {
  return {
    position,
    kind: line.kind,
    description: line.description,
    meter: line.meter ?? null,
    priceModelId: line.priceModelId || null,
    planVersionId: line.planVersionId ?? null,
    part: line.part ?? null,
    tier: line.tier ?? null,
    startsAt: line.startsAt,
    endsAt: line.endsAt,
    quantity: plainQuantity(line.quantity, line.meter),
    unitCount: line.unitCount === undefined ? null : Number(line.unitCount),
    unitPrice: line.unitPriceMicros ?? null,
    exactAmount: line.amountMicros,
    amount: line.payableMicros,
    correctsLineId: line.correctsLineId ?? null,
  };
}
