import { GraphQLDateTime } from "graphql-scalars";
import { Field, ID, InputType, ObjectType, registerEnumType } from "type-graphql";
import type { ChangeTime } from "./subscription.ts";

export const ChangeTimeEnum = { NOW: "NOW", PERIOD_END: "PERIOD_END" } as const satisfies {
  [Name in ChangeTime]: Name;
};
registerEnumType(ChangeTimeEnum, {
  name: "PlanChangeTime",
  description: "When a change of plan takes place.",
  valuesConfig: {
    NOW: { description: "At once; flat fees are shared by days." },
    PERIOD_END: { description: "Where the tenant's billing period ends." },
  },
});

@ObjectType("PlanSubscription", {
  description: "A tenant on a version of a plan, from a moment to a moment.",
  simpleResolvers: true,
})
export class PlanSubscriptionType {
  @Field(() => ID, { description: "Names it, for support." })
  id: string;

  planVersionId: string;

  @Field(() => GraphQLDateTime, { description: "From when on, inclusive; it may lie ahead." })
  startsAt: Date;

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: "Until when, exclusive; without it, until it is changed.",
  })
  endsAt: Date | undefined;
}

@InputType("ChangePlanInput", { description: "The change of plan." })
export class ChangePlanInputType {
  @Field(() => ID, {
    nullable: true,
    description: "The tenant to move; for operators. Without it, the principal's own.",
  })
  tenantId: string | null;

  @Field(() => String, { description: "The plan to move to, by name; its latest version." })
  plan: string;

  @Field(() => ChangeTimeEnum, { defaultValue: "NOW", description: "When to move." })
  when: ChangeTime;
}
