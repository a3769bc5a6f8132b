import { Field, Float, InputType, Int } from "type-graphql";
import { MicrosScalar } from "../../platform/graphql/scalars.types.ts";
import type { LimitKind, LimitMode, LimitPeriod } from "./limit.ts";
import { LimitKindEnum, LimitModeEnum, LimitPeriodEnum } from "./limit.types.ts";
import type { WantedLimit } from "./limit-terms.ts";
import { LimitScopeEnum, PricingSchemeEnum } from "./plan.types.ts";
import type { LimitScope, PricingScheme, WantedTerms } from "./plan-terms.ts";

@InputType("LimitInput", { description: "A limit: what its kind needs, and nothing else." })
export class LimitInputType {
  @Field(() => LimitKindEnum, { description: "What to limit." })
  kind: LimitKind;

  @Field(() => LimitModeEnum, {
    defaultValue: "HARD",
    description: "What to do with a request that it does not cover.",
  })
  mode: LimitMode;

  @Field(() => String, {
    nullable: true,
    description: "Of a quota: a meter. Of a rate limit: `inputs` or `requests`.",
  })
  meter: string | null;

  @Field(() => String, {
    nullable: true,
    description: "Of a quota: the model that it is for, by name; all without it.",
  })
  model: string | null;

  @Field(() => LimitPeriodEnum, { nullable: true, description: "Of a quota or a budget: over which time it counts." })
  period: LimitPeriod | null;

  @Field(() => Float, {
    nullable: true,
    description: "How much, of all but a budget: units of the meter, the bucket's size, requests at once, or inputs.",
  })
  limit: number | null;

  @Field(() => MicrosScalar, { nullable: true, description: "Of a budget: how much money." })
  amount: bigint | null;

  @Field(() => Float, { nullable: true, description: "Of a rate limit: how many flow into the bucket in a second." })
  refillPerSecond: number | null;
}

@InputType("PlanLimitInput", { description: "A limit of a plan." })
export class PlanLimitInputType extends LimitInputType {
  @Field(() => LimitScopeEnum, { defaultValue: "TENANT", description: "Whose use it counts." })
  appliesTo: LimitScope;
}

@InputType("PriceTierInput", { description: "A step of a tiered price." })
export class PriceTierInputType {
  @Field(() => Float, { nullable: true, description: "Up to and with which quantity; the last tier has no end." })
  upTo: number | null;

  @Field(() => MicrosScalar, { description: "The price of one unit in it." })
  unitPriceMicros: bigint;

  @Field(() => MicrosScalar, { nullable: true, description: "What reaching it costs once; nothing without it." })
  flatFeeMicros: bigint | null;
}

@InputType("PlanPriceInput", { description: "What a meter costs." })
export class PlanPriceInputType {
  @Field(() => String, { description: "The meter: inputs, tokens, explanations or compute_ms." })
  meter: string;

  @Field(() => String, {
    nullable: true,
    description: "The model that it is for, by name; without it, every model that has no price of its own.",
  })
  model: string | null;

  @Field(() => PricingSchemeEnum, { defaultValue: "PER_UNIT", description: "How a quantity becomes an amount." })
  scheme: PricingScheme;

  @Field(() => MicrosScalar, { nullable: true, description: "The price of one unit, or of a package; not for tiers." })
  unitPriceMicros: bigint | null;

  @Field(() => Float, { nullable: true, description: "Of the scheme PACKAGE: how many units a package has." })
  packageSize: number | null;

  @Field(() => Float, { defaultValue: 0, description: "How much is free in each billing period." })
  included: number;

  @Field(() => [PriceTierInputType], {
    nullable: true,
    description: "Of tiered schemes: ascending, the last one open.",
  })
  tiers: PriceTierInputType[] | null;
}

@InputType("PlanTermsInput", { description: "What a version of a plan costs and allows." })
export class PlanTermsInputType {
  @Field(() => String, { description: "The currency of all its prices, as three letters of ISO 4217." })
  currency: string;

  @Field(() => MicrosScalar, { nullable: true, description: "What a billing period costs, whatever is used in it." })
  flatFeeMicros: bigint | null;

  @Field(() => [PlanPriceInputType], { description: "Its prices. Without one of `inputs`, nothing can be asked." })
  prices: PlanPriceInputType[];

  @Field(() => [PlanLimitInputType], { nullable: true, description: "Its limits; none without it." })
  limits: PlanLimitInputType[] | null;
}

@InputType("CreatePlanInput", { description: "The plan to make." })
export class CreatePlanInputType {
  @Field(() => String, { description: "What to call it: 1 to 63 small letters, digits and hyphens." })
  name: string;

  @Field(() => Boolean, { defaultValue: false, description: "Whether an owner may move their own tenant to it." })
  isSelfService: boolean;

  @Field(() => PlanTermsInputType, { description: "What its first version costs and allows." })
  terms: PlanTermsInputType;
}

@InputType("CreatePlanVersionInput", { description: "The next version of a plan." })
export class CreatePlanVersionInputType {
  @Field(() => String, { description: "The plan, by name." })
  plan: string;

  @Field(() => Int, { description: "The version that this one was made from: the latest, or it is refused." })
  basedOn: number;

  @Field(() => PlanTermsInputType, { description: "What it costs and allows: all of it, not only what changes." })
  terms: PlanTermsInputType;
}

export function wantedLimit(input: LimitInputType): WantedLimit {
  return {
    kind: input.kind,
    mode: input.mode,
    meter: input.meter ?? undefined,
    model: input.model ?? undefined,
    period: input.period ?? undefined,
    limit: input.limit ?? undefined,
    amountMicros: input.amount ?? undefined,
    refillPerSecond: input.refillPerSecond ?? undefined,
  };
}

export function wantedTerms(input: PlanTermsInputType): WantedTerms {
  return {
    currency: input.currency,
    flatFeeMicros: input.flatFeeMicros ?? 0n,
    prices: input.prices.map((price) => ({
      meter: price.meter,
      model: price.model ?? undefined,
      scheme: price.scheme,
      unitPriceMicros: price.unitPriceMicros ?? undefined,
      packageSize: price.packageSize ?? undefined,
      included: price.included,
      tiers: (price.tiers ?? []).map((tier) => ({
        upTo: tier.upTo ?? undefined,
        unitPriceMicros: tier.unitPriceMicros,
        flatMicros: tier.flatFeeMicros ?? 0n,
      })),
    })),
    limits: (input.limits ?? []).map((limit) => ({ ...wantedLimit(limit), appliesTo: limit.appliesTo })),
  };
}
