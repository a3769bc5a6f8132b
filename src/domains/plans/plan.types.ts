import { GraphQLDateTime } from "graphql-scalars";
import { Field, Float, ID, Int, ObjectType, registerEnumType } from "type-graphql";
import { NodeType } from "../../platform/graphql/node.types.ts";
import { MicrosScalar } from "../../platform/graphql/scalars.types.ts";
import { LimitTermsType } from "./limit.types.ts";
import type { LimitScope, PricingScheme } from "./plan-terms.ts";

export const PricingSchemeEnum = {
  PER_UNIT: "PER_UNIT",
  PACKAGE: "PACKAGE",
  GRADUATED: "GRADUATED",
  VOLUME: "VOLUME",
  FLAT: "FLAT",
} as const satisfies { [Name in PricingScheme]: Name };
registerEnumType(PricingSchemeEnum, {
  name: "PricingScheme",
  description: "How a quantity becomes an amount.",
  valuesConfig: {
    PER_UNIT: { description: "Each unit costs the same." },
    PACKAGE: { description: "Each package that was begun costs the same." },
    GRADUATED: { description: "Each tier's units cost what that tier says." },
    VOLUME: { description: "All units cost what the tier says that the whole quantity lies in." },
    FLAT: { description: "The price once, for any quantity." },
  },
});

export const LimitScopeEnum = { TENANT: "TENANT", EACH_KEY: "EACH_KEY" } as const satisfies {
  [Name in LimitScope]: Name;
};
registerEnumType(LimitScopeEnum, {
  name: "LimitScope",
  description: "Whose use a plan's limit counts.",
  valuesConfig: {
    TENANT: { description: "All of the tenant's together." },
    EACH_KEY: { description: "Each API key's by itself." },
  },
});

@ObjectType("PlanQuota", {
  description: "How much of a meter a tenant on the plan may use in a billing period.",
  simpleResolvers: true,
})
export class PlanQuotaType {
  @Field(() => String, { description: "What is counted." })
  meter: string;

  @Field(() => Float, { description: "How much of it, at the most." })
  quantity: number;
}

@ObjectType("PriceTier", { description: "A step of a tiered price.", simpleResolvers: true })
export class PriceTierType {
  @Field(() => Float, {
    nullable: true,
    description: "Up to and with which quantity, after what is included; the last one has no end.",
  })
  upTo: number | undefined;

  @Field(() => MicrosScalar, { description: "The price of one unit in it." })
  unitPriceMicros: bigint;

  @Field(() => MicrosScalar, { description: "What reaching it costs once." })
  flatFeeMicros: bigint;
}

@ObjectType("PlanPrice", { description: "What a meter costs on the plan.", simpleResolvers: true })
export class PlanPriceType {
  @Field(() => String, { description: "What is counted." })
  meter: string;

  @Field(() => ID, {
    nullable: true,
    description: "The model that it is for; without it, every model that has no price of its own.",
  })
  modelId: string | undefined;

  @Field(() => PricingSchemeEnum, { description: "How a quantity becomes an amount." })
  scheme: string;

  @Field(() => MicrosScalar, {
    description:
      "The price of one unit, or of a package, in micro-units of the plan's currency; 0 where there are tiers.",
  })
  unitPriceMicros: bigint;

  @Field(() => Float, { nullable: true, description: "How many units a package has." })
  packageSize: number | undefined;

  @Field(() => Float, {
    description: "How much is free in each billing period; what follows is priced as if it came first.",
  })
  included: number;

  @Field(() => [PriceTierType], { description: "Its tiers, ascending." })
  tiers: PriceTierType[];
}

@ObjectType("PlanLimit", {
  description: "A limit of every tenant on the plan, or of each of its keys.",
  simpleResolvers: true,
})
export class PlanLimitType extends LimitTermsType {
  @Field(() => LimitScopeEnum, { description: "Whose use it counts." })
  appliesTo: string;
}

@ObjectType("Plan", {
  implements: NodeType,
  description:
    "A named bundle of prices and limits, in one of its versions: the one on offer, or that of a subscription.",
  simpleResolvers: true,
})
export class PlanType extends NodeType {
  @Field(() => String, { description: "What the plan is called; unique." })
  name: string;

  @Field(() => Int, { description: "The version: a plan is changed by a new version, never in place." })
  version: number;

  @Field(() => String, { description: "The currency of its prices, as three letters of ISO 4217." })
  currency: string;

  @Field(() => MicrosScalar, { description: "What a billing period costs, whatever is used in it." })
  flatFeeMicros: bigint;

  @Field(() => Boolean, { description: "Whether an owner may move their own tenant to it." })
  isSelfService: boolean;

  @Field(() => [PlanPriceType], {
    description: "Its prices; a meter that is not here costs nothing, but `inputs` must be.",
  })
  prices: PlanPriceType[];

  @Field(() => [PlanLimitType], { description: "Its limits." })
  limits: PlanLimitType[];

  @Field(() => GraphQLDateTime, { description: "When the plan was first offered." })
  createdAt: Date;

  @Field(() => GraphQLDateTime, { description: "When this version of it was made." })
  versionCreatedAt: Date;
}
