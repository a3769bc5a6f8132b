import { GraphQLDateTime } from "graphql-scalars";
import { Field, Float, ID, Int, ObjectType } from "type-graphql";
import { MicrosScalar } from "../../platform/graphql/scalars.types.ts";
import type { PriceVersion, UsageDay } from "./explanation.ts";
import { InvoiceType } from "./invoice.types.ts";
import { InvoiceLineType } from "./invoice-line.types.ts";
import { plainQuantity } from "./quantities.ts";

@ObjectType("ExplainedTier", { description: "One tier of a price.", simpleResolvers: true })
export class ExplainedTierType {
  @Field(() => String, { nullable: true, description: "Up to and with this quantity; the last tier has no end." })
  upTo: string | null;

  @Field(() => MicrosScalar, { description: "The price of one unit in it." })
  unitPrice: bigint;

  @Field(() => MicrosScalar, { description: "What reaching it costs, once." })
  fee: bigint;
}

@ObjectType("ExplainedPrice", {
  description: "The price version that a line was worked out with.",
  simpleResolvers: true,
})
export class ExplainedPriceType {
  @Field(() => ID, { description: "The version of the plan." })
  planVersionId: string;

  @Field(() => String, { description: "The plan." })
  plan: string;

  @Field(() => Int, { description: "Which version of it." })
  version: number;

  @Field(() => MicrosScalar, { description: "What the plan costs for each period, used or not." })
  flatFee: bigint;

  @Field(() => String, {
    nullable: true,
    description: "PER_UNIT, PACKAGE, GRADUATED, VOLUME or FLAT; none where the line is about a fee.",
  })
  scheme: string | null;

  @Field(() => MicrosScalar, { nullable: true, description: "The price of one unit or package." })
  unitPrice: bigint | null;

  @Field(() => String, { nullable: true, description: "How much a package holds." })
  packageSize: string | null;

  @Field(() => String, { nullable: true, description: "How much is free in each period." })
  included: string | null;

  @Field(() => [ExplainedTierType], { description: "Its tiers, counted after what is included." })
  tiers: ExplainedTierType[];
}

@ObjectType("ExplainedDay", { description: "What the usage events of one day add up to.", simpleResolvers: true })
export class ExplainedDayType {
  @Field(() => GraphQLDateTime, { description: "The day's start, in UTC." })
  day: Date;

  @Field(() => String, { description: "How much of the meter, as a decimal." })
  quantity: string;

  @Field(() => MicrosScalar, { description: "The exact amounts of the events." })
  amount: bigint;

  @Field(() => Float, { description: "How many events." })
  events: number;
}

@ObjectType("InvoiceLineExplanation", {
  description:
    "Where a line comes from: the days of all that was used at its price. The lines of that price, tier by tier, add up to the same.",
  simpleResolvers: true,
})
export class InvoiceLineExplanationType {
  @Field(() => InvoiceLineType, { description: "The line." })
  line: InvoiceLineType;

  @Field(() => InvoiceType, { description: "The invoice that it stands in." })
  invoice: InvoiceType;

  @Field(() => ExplainedPriceType, { nullable: true, description: "The price version." })
  price: ExplainedPriceType | null;

  @Field(() => [ExplainedDayType], { description: "The days on which something was used, in order." })
  days: ExplainedDayType[];

  @Field(() => String, { description: "The sum of the days' quantities." })
  quantity: string;

  @Field(() => MicrosScalar, { description: "The sum of the days' exact amounts." })
  amount: bigint;
}

export function toExplainedPrice(version: PriceVersion, meter: string | undefined): ExplainedPriceType {
  const { price } = version;
  const shown = (quantity: bigint) => plainQuantity(quantity, meter);
  return {
    planVersionId: version.planVersionId,
    plan: version.planName,
    version: version.planVersion,
    flatFee: version.flatFeeMicros,
    scheme: price?.scheme ?? null,
    unitPrice: price === undefined ? null : price.unitPriceMicros,
    packageSize: price?.scheme === "PACKAGE" ? shown(price.packageSize) : null,
    included: price === undefined ? null : shown(price.included),
    tiers: (price?.tiers ?? []).map(({ upTo, unitPriceMicros, flatMicros }) => ({
      upTo: upTo === undefined ? null : shown(upTo),
      unitPrice: unitPriceMicros,
      fee: flatMicros,
    })),
  };
}

export function toExplainedDay(
  { day, quantity, amountMicros, events }: UsageDay,
  meter: string | undefined,
): ExplainedDayType {
  return { day, quantity: plainQuantity(quantity, meter), amount: amountMicros, events: Number(events) };
}
