import { Field, Float, ID, ObjectType, registerEnumType } from "type-graphql";
import type { LimitKind, LimitMode, LimitPeriod } from "./limit.ts";

export const LimitKindEnum = {
  QUOTA: "QUOTA",
  BUDGET: "BUDGET",
  RATE_LIMIT: "RATE_LIMIT",
  CONCURRENCY_LIMIT: "CONCURRENCY_LIMIT",
  REQUEST_INPUTS: "REQUEST_INPUTS",
} as const satisfies { [Name in LimitKind]: Name };
registerEnumType(LimitKindEnum, {
  name: "LimitKind",
  description: "What a limit limits.",
  valuesConfig: {
    QUOTA: { description: "How much of a meter in a period." },
    BUDGET: { description: "How much money in a period." },
    RATE_LIMIT: { description: "How fast." },
    CONCURRENCY_LIMIT: { description: "How many at once." },
    REQUEST_INPUTS: { description: "How many inputs in one request." },
  },
});

export const LimitModeEnum = { HARD: "HARD", SOFT: "SOFT", SHADOW: "SHADOW" } as const satisfies {
  [Name in LimitMode]: Name;
};
registerEnumType(LimitModeEnum, {
  name: "LimitMode",
  description: "What a limit does with a request that it does not cover.",
  valuesConfig: {
    HARD: { description: "Refuses it." },
    SOFT: { description: "Lets it pass, and says so in the answer." },
    SHADOW: { description: "Lets it pass, and counts that it would have refused it." },
  },
});

export const LimitPeriodEnum = { HOUR: "HOUR", DAY: "DAY", BILLING_PERIOD: "BILLING_PERIOD" } as const satisfies {
  [Name in LimitPeriod]: Name;
};
registerEnumType(LimitPeriodEnum, {
  name: "LimitPeriod",
  description: "The time over which a quota or a budget counts, in UTC.",
  valuesConfig: {
    HOUR: { description: "From full hour to full hour." },
    DAY: { description: "From midnight to midnight." },
    BILLING_PERIOD: { description: "The tenant's billing period: a month from its anchor day on." },
  },
});

/** What every limit says of itself, whoever set it. */
@ObjectType({ simpleResolvers: true })
export abstract class LimitTermsType {
  @Field(() => ID, { description: "Names the limit, as a refusal does." })
  id: string;

  @Field(() => LimitKindEnum, { description: "What it limits." })
  kind: string;

  @Field(() => LimitModeEnum, { description: "What it does with a request that it does not cover." })
  mode: string;

  @Field(() => String, { nullable: true, description: "What it counts, where that is a meter or `requests`." })
  meter: string | undefined;

  @Field(() => ID, { nullable: true, description: "The model whose use it limits; without it, that of all." })
  modelId: string | undefined;

  @Field(() => LimitPeriodEnum, { nullable: true, description: "Over which time it counts, where it does." })
  period: string | undefined;

  @Field(() => Float, {
    description: "How much is allowed: units of the meter, micro-units of money, requests, or inputs.",
  })
  limit: number;

  @Field(() => Float, {
    nullable: true,
    description: "How many units flow into the bucket of a rate limit in a second.",
  })
  refillPerSecond: number | undefined;
}
