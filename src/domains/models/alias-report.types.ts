import { Field, Float, Int, ObjectType } from "type-graphql";
import { ModelVersionType } from "./models.types.ts";

@ObjectType("AliasTargetReport", {
  description: "What all gateways together have seen of a target lately, since its alias was last moved.",
  simpleResolvers: true,
})
export class AliasTargetReportType {
  @Field(() => ModelVersionType, { description: "The target." })
  version: ModelVersionType;

  @Field(() => Int, { description: "Requests that it was sent." })
  requests: number;

  @Field(() => Int, { description: "Those of them that failed on our side." })
  failures: number;

  @Field(() => Float, { description: "The time within which 99 of 100 were answered, in milliseconds, to within 3 %." })
  p99Ms: number;

  @Field(() => Int, { description: "Of a shadow: requests whose answers were compared." })
  compared: number;

  @Field(() => Int, { description: "Of a shadow: those of them that it answered otherwise." })
  disagreed: number;
}
