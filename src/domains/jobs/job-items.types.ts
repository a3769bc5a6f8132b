import { ArgsType, Field, Float, Int, ObjectType } from "type-graphql";
import { PageInfoType } from "../../platform/graphql/connection.types.ts";
import { enumOf } from "../../platform/graphql/enum.types.ts";
import { jobItemStates } from "./job-item.ts";

export const JobItemStateType = enumOf("JobItemState", "Where an item of a job stands.", jobItemStates);

@ArgsType()
export class JobItemArgs {
  @Field(() => Int, { nullable: true, defaultValue: 20, description: "How many at the most, 1 to 100." })
  first: number | null;

  @Field(() => String, { nullable: true, description: "The cursor that the page starts after." })
  after: string | null;

  @Field(() => Boolean, { nullable: true, defaultValue: false, description: "Only those that could not be answered." })
  failedOnly: boolean | null;
}

@ObjectType("JobItemError", { description: "Why an item could not be answered.", simpleResolvers: true })
export class JobItemErrorType {
  @Field(() => String, { description: "An error code." })
  code: string;

  @Field(() => String, { description: "What is wrong with it." })
  message: string;

  @Field(() => Int, { description: "How often it was tried." })
  attempts: number;
}

@ObjectType("JobItem", { description: "One input of a job, and what it came to.", simpleResolvers: true })
export class JobItemType {
  @Field(() => Int, { description: "Its place in the job, from 0." })
  index: number;

  @Field(() => JobItemStateType, { description: "Where it stands." })
  state: string;

  @Field(() => Int, {
    nullable: true,
    description: "Its line, row or file in the dataset, from 1; known when it has ended.",
  })
  line: number | null;

  @Field(() => String, { nullable: true, description: "Your own name for it, where it came with one." })
  name: string | null;

  @Field(() => String, { nullable: true, description: "The best label, where it was answered." })
  label: string | null;

  @Field(() => Float, { nullable: true, description: "How well the best label fits, 0 to 1." })
  score: number | null;

  @Field(() => JobItemErrorType, { nullable: true, description: "Why it could not be answered." })
  error: JobItemErrorType | null;
}

@ObjectType("JobItemPage", { description: "Some items of a job, in its order.", simpleResolvers: true })
export class JobItemPageType {
  @Field(() => [JobItemType], { description: "The items." })
  nodes: JobItemType[];

  @Field(() => PageInfoType, { description: "Where the page stands in the list." })
  pageInfo: PageInfoType;
}
