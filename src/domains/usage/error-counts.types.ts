import { GraphQLDateTime } from "graphql-scalars";
import { Field, Float, InputType, ObjectType } from "type-graphql";

@InputType("ErrorCountsInput", { description: "Of which time to count errors." })
export class ErrorCountsInputType {
  @Field(() => GraphQLDateTime, { description: "From when on: hours that begin then or later." })
  startsAt: Date;

  @Field(() => GraphQLDateTime, { description: "Until when, exclusive." })
  endsAt: Date;
}

@ObjectType("ErrorCount", {
  description: "How often requests of the tenant were answered with an error of one code. Errors are never charged.",
  simpleResolvers: true,
})
export class ErrorCountType {
  @Field(() => String, { description: "The code, as in `extensions.code` of an error." })
  code: string;

  @Field(() => String, { description: "What it says." })
  summary: string;

  @Field(() => Float, { description: "How many errors." })
  count: number;

  @Field(() => GraphQLDateTime, { description: "When the last one of them was." })
  lastAt: Date;
}
