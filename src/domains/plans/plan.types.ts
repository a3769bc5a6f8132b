import { GraphQLDateTime } from "graphql-scalars";
import { Field, Float, Int, ObjectType } from "type-graphql";
import { NodeType } from "../../platform/graphql/node.types.ts";
import { MicrosScalar } from "../../platform/graphql/scalars.types.ts";

@ObjectType("PlanQuota", {
  description: "How much of a meter a tenant on the plan may use in a calendar month.",
  simpleResolvers: true,
})
export class PlanQuotaType {
  @Field(() => String, { description: "What is counted." })
  meter: string;

  @Field(() => Float, { description: "How much of it, at the most." })
  quantity: number;
}

@ObjectType("PlanPrice", { description: "What one unit of a meter costs on the plan.", simpleResolvers: true })
export class PlanPriceType {
  @Field(() => String, { description: "What is counted." })
  meter: string;

  @Field(() => MicrosScalar, { description: "The price of one unit, in micro-units of the plan's currency." })
  unitPriceMicros: bigint;
}

@ObjectType("Plan", {
  implements: NodeType,
  description: "A named bundle of prices and quotas, as it is on offer now.",
  simpleResolvers: true,
})
export class PlanType extends NodeType {
  @Field(() => String, { description: "What the plan is called; unique." })
  name: string;

  @Field(() => Int, { description: "The version on offer: a plan is changed by a new version, never in place." })
  version: number;

  @Field(() => String, { description: "The currency of its prices, as three letters of ISO 4217." })
  currency: string;

  @Field(() => [PlanQuotaType], { description: "Its quotas; a meter that is not here has none." })
  quotas: PlanQuotaType[];

  @Field(() => [PlanPriceType], { description: "Its prices; a meter that is not here cannot be used." })
  prices: PlanPriceType[];

  @Field(() => GraphQLDateTime, { description: "When the plan was first offered." })
  createdAt: Date;
}
