import { GraphQLDateTime } from "graphql-scalars";
import { Field, Float, ID, InputType, ObjectType } from "type-graphql";
import { connectionType } from "../../platform/graphql/connection.types.ts";
import { MicrosScalar } from "../../platform/graphql/scalars.types.ts";
import { shownQuantity } from "../plans/meter.ts";
import type { UsageEvent } from "./usage-events.ts";

@ObjectType("UsageEvent", { description: "A fact of the ledger: it never changes.", simpleResolvers: true })
export class UsageEventType {
  @Field(() => ID, { description: "The id." })
  id: string;

  @Field(() => GraphQLDateTime, { description: "When it counts, cut to the millisecond." })
  occurredAt: Date;

  @Field(() => String, { description: "What was counted." })
  meter: string;

  @Field(() => Float, { description: "How much of it; less than nothing where it takes back." })
  quantity: number;

  @Field(() => MicrosScalar, { description: "What it added to what the tenant owes." })
  amount: bigint;

  @Field(() => ID, { description: "The version of the plan that priced it." })
  planVersionId: string;

  @Field(() => ID, { description: "The inference that used it." })
  inferenceId: string;

  @Field(() => ID, { description: "The model that answered." })
  modelId: string;

  @Field(() => ID, { description: "The version that answered." })
  modelVersionId: string;

  @Field(() => ID, { nullable: true, description: "The key that asked; none for a signed-in user." })
  apiKeyId: string | undefined;

  @Field(() => ID, { nullable: true, description: "The user who asked; none for a key." })
  userId: string | undefined;

  @Field(() => String, { nullable: true, description: "The caller's own name for the request." })
  idempotencyKey: string | undefined;

  @Field(() => ID, { nullable: true, description: "The event that this one takes back, in whole or in part." })
  reversesId: string | undefined;

  @Field(() => String, { nullable: true, description: "Why it was taken back." })
  reason: string | undefined;

  @Field(() => Boolean, { description: "Whether it corrects a billing period that was closed before." })
  isLate: boolean;
}

export const UsageEventConnectionType = connectionType("UsageEvent", () => UsageEventType);

@InputType("UsageEventsInput", { description: "Which usage events to list." })
export class UsageEventsInputType {
  @Field(() => GraphQLDateTime, { description: "From when on, inclusive." })
  startsAt: Date;

  @Field(() => GraphQLDateTime, { description: "Until when, exclusive." })
  endsAt: Date;

  @Field(() => String, { nullable: true, description: "Only of this meter, such as `inputs`." })
  meter: string | null;

  @Field(() => String, { nullable: true, description: "Only of the model of this name." })
  model: string | null;

  @Field(() => ID, { nullable: true, description: "Only what this key asked." })
  apiKeyId: string | null;
}

export function toEventType({ occurredAtMicros, amountMicros, ...event }: UsageEvent): UsageEventType {
  return {
    ...event,
    occurredAt: new Date(Number(occurredAtMicros / 1000n)),
    quantity: shownQuantity(event.meter, event.quantity),
    amount: amountMicros,
  };
}
