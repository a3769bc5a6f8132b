import { GraphQLDateTime } from "graphql-scalars";
import { Field, Float, ID, InputType, Int, ObjectType } from "type-graphql";
import { connectionType } from "../../platform/graphql/connection.types.ts";
import { enumOf } from "../../platform/graphql/enum.types.ts";
import { NodeType } from "../../platform/graphql/node.types.ts";
import { MicrosScalar } from "../../platform/graphql/scalars.types.ts";
import { ExplainMethod, ExplanationWantedInput } from "../inference/explanation.types.ts";
import { InferenceInputType } from "../inference/inference-input.types.ts";
import { ModelType, ModelVersionType } from "../models/models.types.ts";
import { jobStates } from "./job.ts";

export const JobStateType = enumOf("JobState", "Where a job stands.", jobStates);

@InputType("DatasetColumnsInput", {
  description:
    "Which column (or field) of a dataset is what. What is left out has its own name: `text` is text, `id` is id.",
})
export class DatasetColumnsInput {
  @Field(() => String, { nullable: true, description: "The column of texts." })
  text: string | null;

  @Field(() => String, { nullable: true, description: "The column of pictures, as base64 or bytes." })
  image: string | null;

  @Field(() => String, { nullable: true, description: "The column of tensors, as JSON." })
  tensor: string | null;

  @Field(() => String, { nullable: true, description: "The column of your own names of the rows, for the results." })
  id: string | null;
}

@InputType("JobSourceInput", { description: "Where a job's inputs are: exactly one of inputs and datasetId." })
export class JobSourceInput {
  @Field(() => [InferenceInputType], { nullable: true, description: "Up to 10,000 inputs, here." })
  inputs: InferenceInputType[] | null;

  @Field(() => ID, { nullable: true, description: "A dataset that was uploaded, `PUT /datasets/<id>`." })
  datasetId: string | null;

  @Field(() => DatasetColumnsInput, { nullable: true, description: "Which column of the dataset is what." })
  columns: DatasetColumnsInput | null;
}

@InputType("JobExplainInput", { description: "How each answer of a job is explained." })
export class JobExplainInput extends ExplanationWantedInput {
  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description: "Whether results carry a picture's explanation also as a PNG, base64.",
  })
  heatMap: boolean | null;
}

@InputType("SubmitJobInput", { description: "Inputs to be answered later, and by what." })
export class SubmitJobInput {
  @Field(() => String, { description: "The model's name, such as `mail`." })
  model: string;

  @Field(() => String, {
    nullable: true,
    defaultValue: "stable",
    description: "The alias that chooses the version, now.",
  })
  alias: string | null;

  @Field(() => Int, { nullable: true, description: "A version by its number, instead of the alias." })
  version: number | null;

  @Field(() => JobSourceInput, { description: "The inputs." })
  source: JobSourceInput;

  @Field(() => Int, {
    nullable: true,
    defaultValue: 1,
    description: "How many labels to score for each input, best first.",
  })
  topK: number | null;

  @Field(() => JobExplainInput, {
    nullable: true,
    description: "To explain each answer; each changed input that it takes is metered as one.",
  })
  explain: JobExplainInput | null;

  @Field(() => ID, {
    nullable: true,
    description: "A webhook endpoint of the tenant that is told of the end, whatever else it is told of.",
  })
  webhook: string | null;

  @Field(() => Int, {
    nullable: true,
    defaultValue: 0,
    description: "Among the tenant's own jobs, higher ones go first: -100 to 100.",
  })
  priority: number | null;
}

@InputType("CancelJobInput", { description: "The job to cancel." })
export class CancelJobInput {
  @Field(() => ID, { description: "The id of the job." })
  id: string;
}

@InputType("ResumeJobInput", { description: "The paused job to go on with." })
export class ResumeJobInput {
  @Field(() => ID, { description: "The id of the job." })
  id: string;
}

@InputType("RetryJobInput", { description: "The job whose failed items are to be tried again." })
export class RetryJobInput {
  @Field(() => ID, { description: "The id of the job." })
  id: string;
}

@ObjectType("JobItemCounts", { description: "How many items of a job stand where.", simpleResolvers: true })
export class JobItemCountsType {
  @Field(() => Int, { nullable: true, description: "All of them; unknown until its dataset is read to the end." })
  total: number | null;

  @Field(() => Int, { description: "Those that were read so far." })
  read: number;

  @Field(() => Int, { description: "Those that were answered." })
  succeeded: number;

  @Field(() => Int, { description: "Those that could not be answered; they are not charged." })
  failed: number;

  @Field(() => Int, { description: "Those read that have not ended." })
  waiting: number;
}

@ObjectType("JobPause", { description: "Why a job waits, and until when.", simpleResolvers: true })
export class JobPauseType {
  @Field(() => String, { description: "The kind of limit, NO_PLAN, or CREDENTIAL." })
  kind: string;

  @Field(() => String, { description: "What happened, and what makes the job go on." })
  message: string;

  @Field(() => String, { nullable: true, description: "The meter of the limit." })
  meter: string | null;

  @Field(() => Float, { nullable: true, description: "How much the limit allows." })
  limit: number | null;

  @Field(() => Float, { nullable: true, description: "How much was used when it refused." })
  used: number | null;

  @Field(() => GraphQLDateTime, { nullable: true, description: "When the job goes on by itself, if it does." })
  until: Date | null;
}

@ObjectType("JobFailure", { description: "Why a job came to nothing.", simpleResolvers: true })
export class JobFailureType {
  @Field(() => String, { description: "An error code." })
  code: string;

  @Field(() => String, { description: "What happened, and what to do." })
  message: string;
}

@ObjectType("Job", {
  implements: NodeType,
  description: "Many inputs submitted to be answered later.",
  simpleResolvers: true,
})
export class JobType extends NodeType {
  @Field(() => JobStateType, { description: "Where it stands." })
  state: string;

  @Field(() => ModelType, { nullable: true, description: "The model that is asked." })
  model: ModelType | null;

  @Field(() => ModelVersionType, {
    nullable: true,
    description: "The version that answers, pinned when it was submitted.",
  })
  version: ModelVersionType | null;

  @Field(() => String, { nullable: true, description: "The alias that chose the version; none where it was named." })
  alias: string | null;

  @Field(() => Int, { description: "Among the tenant's own jobs, higher ones go first." })
  priority: number;

  @Field(() => ExplainMethod, { nullable: true, description: "How its answers are explained, where they are." })
  explainMethod: string | null;

  @Field(() => ID, {
    nullable: true,
    description: "The webhook endpoint that it named to be told of its end; none where that was deleted.",
  })
  webhookEndpointId: string | null;

  @Field(() => ID, { nullable: true, description: "The dataset that it reads; none where its inputs came with it." })
  datasetId: string | null;

  @Field(() => Int, { description: "1, and one more with each retry of its failed items." })
  round: number;

  @Field(() => JobItemCountsType, { description: "How many of its items stand where." })
  counts: JobItemCountsType;

  @Field(() => MicrosScalar, { description: "What its items were charged." })
  amount: bigint;

  @Field(() => Float, { description: "Items a second of late." })
  itemsPerSecond: number;

  @Field(() => Float, { nullable: true, description: "How long it will take at that rate; unknown while it stands." })
  secondsLeft: number | null;

  @Field(() => JobPauseType, { nullable: true, description: "Why it waits, where it is paused." })
  pause: JobPauseType | null;

  @Field(() => JobFailureType, {
    nullable: true,
    description: "Why it came to nothing, where its dataset could not be read.",
  })
  failure: JobFailureType | null;

  @Field(() => String, { description: "Where its results are: GET this path, with the same credential." })
  resultsPath: string;

  @Field(() => GraphQLDateTime, { nullable: true, description: "When its results are deleted." })
  expiresAt: Date | null;

  @Field(() => GraphQLDateTime, { description: "When it was submitted." })
  createdAt: Date;

  @Field(() => GraphQLDateTime, { nullable: true, description: "When its first item was worked on." })
  startedAt: Date | null;

  @Field(() => GraphQLDateTime, { nullable: true, description: "When its last item ended." })
  finishedAt: Date | null;
}

export const JobConnectionType = connectionType("Job", () => JobType);

@ObjectType("JobEstimate", { description: "What a job would be.", simpleResolvers: true })
export class JobEstimateType {
  @Field(() => Int, { description: "How many items it has." })
  items: number;

  @Field(() => Float, {
    description: "How many inputs it would be charged as: each item, and the changed inputs that explain it.",
  })
  inputs: number;

  @Field(() => Boolean, {
    description: "Whether all items were counted, and, to be explained, looked at; otherwise some were.",
  })
  isExact: boolean;

  @Field(() => MicrosScalar, {
    nullable: true,
    description: "What it would cost if all were answered now, on the present plan.",
  })
  amount: bigint | null;

  @Field(() => Float, {
    nullable: true,
    description: "How long it takes at the pace of late, with the runners of one gateway for it alone.",
  })
  seconds: number | null;
}
