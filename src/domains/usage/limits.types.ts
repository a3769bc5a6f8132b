import { GraphQLDateTime } from "graphql-scalars";
import { Field, Float, ID, Int, ObjectType } from "type-graphql";
import { LimitKindEnum, LimitModeEnum, LimitPeriodEnum } from "../plans/limit.types.ts";

@ObjectType("LimitAlert", {
  description: "A threshold of a limit that was reached in this period.",
  simpleResolvers: true,
})
export class LimitAlertType {
  @Field(() => Int, { description: "The threshold, in per cent of the limit: 50, 80 or 100." })
  threshold: number;

  @Field(() => GraphQLDateTime, { description: "When it was reached." })
  crossedAt: Date;
}

@ObjectType("LimitStatus", {
  description: "A limit that applies to the principal, as it stands now.",
  simpleResolvers: true,
})
export class LimitStatusType {
  @Field(() => ID, { description: "Names the limit, as a refusal does." })
  id: string;

  @Field(() => LimitKindEnum, { description: "What it limits." })
  kind: string;

  @Field(() => LimitModeEnum, { description: "What it does with a request that it does not cover." })
  mode: string;

  @Field(() => String, {
    nullable: true,
    description: "What it counts, where that is a meter; `requests` for a rate of requests.",
  })
  meter: string | undefined;

  @Field(() => ID, { nullable: true, description: "The model whose use it limits; without it, that of all." })
  modelId: string | undefined;

  @Field(() => LimitPeriodEnum, { nullable: true, description: "Over which time it counts, where it does." })
  period: string | undefined;

  @Field(() => Float, {
    description: "How much is allowed: units of the meter, micro-units of money, requests, or inputs.",
  })
  limit: number;

  @Field(() => Float, { description: "How much of it is used." })
  used: number;

  @Field(() => Float, { description: "How much is left." })
  remaining: number;

  @Field(() => GraphQLDateTime, { nullable: true, description: "When `used` starts again at zero." })
  resetsAt: Date | undefined;

  @Field(() => Int, {
    nullable: true,
    description: "Of a rate limit that has nothing left: in how many milliseconds it lets one more through.",
  })
  retryAfterMs: number | undefined;

  @Field(() => String, { description: "Whom it holds for: `tenant`, or the id of one of its keys." })
  scope: string;

  @Field(() => Float, {
    description: "How many requests it would have refused, in its period or today, if it did not only watch.",
  })
  shadowRefusals: number;

  @Field(() => [LimitAlertType], { description: "The thresholds that were reached in this period." })
  alerts: LimitAlertType[];
}

@ObjectType("ExceededLimit", {
  description: "A soft limit that did not cover a request that was served.",
  simpleResolvers: true,
})
export class ExceededLimitType {
  @Field(() => ID, { description: "Names the limit, as the query `limits` does." })
  id: string;

  @Field(() => LimitKindEnum, { description: "What it limits." })
  kind: string;

  @Field(() => String, { nullable: true, description: "What it counts, where that is a meter." })
  meter: string | undefined;

  @Field(() => Float, { description: "How much is allowed." })
  limit: number;

  @Field(() => GraphQLDateTime, { nullable: true, description: "When it starts again at zero, where it does." })
  resetsAt: Date | undefined;

  @Field(() => String, { description: "Whom it holds for: `tenant`, or the id of one of its keys." })
  scope: string;
}
