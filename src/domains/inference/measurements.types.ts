import { GraphQLDateTime } from "graphql-scalars";
import { Field, Float, Int, ObjectType } from "type-graphql";

@ObjectType("MeasuredMinute", {
  description: "What one gateway saw of a version in one minute; explanations and jobs included.",
  simpleResolvers: true,
})
export class MeasuredMinuteType {
  @Field(() => GraphQLDateTime, { description: "When it began." })
  startsAt: Date;

  @Field(() => Int, { description: "Inputs that were answered." })
  inputs: number;

  @Field(() => Int, { description: "Batches that they were answered in." })
  batches: number;

  @Field(() => Int, { description: "Inputs of the largest of these." })
  largestBatch: number;

  @Field(() => Float, {
    description: "Half of the inputs waited no longer for a runner, each counted as the first of its batch; in ms.",
  })
  queueP50Ms: number;

  @Field(() => Float, { description: "99 of 100 waited no longer, counted likewise; in milliseconds." })
  queueP99Ms: number;

  @Field(() => Float, { description: "Half of the inputs ran in batches that took no longer; in milliseconds." })
  runP50Ms: number;

  @Field(() => Float, { description: "99 of 100 ran in batches that took no longer; in milliseconds." })
  runP99Ms: number;
}
