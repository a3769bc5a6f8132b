import { Field, Float, Int, ObjectType } from "type-graphql";
import { ModelVersionType } from "./models.types.ts";

@ObjectType("AliasTargetReport", {
  description: "What one gateway has seen of a target lately: the latest 2,000 requests at least, since its start.",
  simpleResolvers: true,
})
export class AliasTargetReportType {
  @Field(() => ModelVersionType, { description: "The target." })
  version: ModelVersionType;

  @Field(() => Int, { description: "Requests that it was sent." })
  requests: number;

  @Field(() => Int, { description: "Those of them that failed on our side." })
  failures: number;

  @Field(() => Float, { description: "The time within which 99 of 100 were answered, in milliseconds." })
  p99Ms: number;

  @Field(() => Int, { description: "Of a shadow: requests whose answers were compared." })
  compared: number;

  @Field(() => Int, { description: "Of a shadow: those of them that it answered otherwise." })
  disagreed: number;
}
