import { GraphQLDateTime } from "graphql-scalars";
import { Field, ObjectType } from "type-graphql";
import { MicrosScalar } from "../../platform/graphql/scalars.types.ts";
import { InvoiceLineType, toDraftLineType } from "./invoice-line.types.ts";
import type { PlanChangePreview } from "./plan-change.ts";

@ObjectType("PlanChangePreview", {
  description: "What a change of plan would come to, before anybody makes it.",
  simpleResolvers: true,
})
export class PlanChangePreviewType {
  @Field(() => Boolean, { description: "Whether it changes anything: not to the version that the tenant is on." })
  isChange: boolean;

  @Field(() => GraphQLDateTime, { description: "When the new plan would begin." })
  startsAt: Date;

  @Field(() => GraphQLDateTime, { description: "When the billing period that runs now ends." })
  periodEndsAt: Date;

  @Field(() => String, { description: "The currency of the amounts, as three letters of ISO 4217." })
  currency: string;

  @Field(() => [InvoiceLineType], { description: "The flat fees of the running period as things stand." })
  feesBefore: InvoiceLineType[];

  @Field(() => [InvoiceLineType], { description: "The flat fees of the running period after the change." })
  feesAfter: InvoiceLineType[];

  @Field(() => MicrosScalar, {
    description: "How much more the running period's fees would be, before tax; less than nothing where it is less.",
  })
  difference: bigint;
}

export function toPreviewType(preview: PlanChangePreview): PlanChangePreviewType {
  const { isChange, startsAt, period, currency, before, after, differenceMicros } = preview;
  return {
    isChange,
    startsAt,
    periodEndsAt: period.endsAt,
    currency,
    feesBefore: before.map(toDraftLineType),
    feesAfter: after.map(toDraftLineType),
    difference: differenceMicros,
  };
}
