import { GraphQLDateTime } from "graphql-scalars";
import { Field, Float, InputType, Int, ObjectType } from "type-graphql";
import { NodeType } from "../../platform/graphql/node.types.ts";
import { ExecutionProvider, ModelType, ModelVersionType } from "../models/models.types.ts";
import { ExceededLimitType } from "../usage/limits.types.ts";
import { MeteredQuantityType } from "../usage/usage.types.ts";
import type { EncodedTensor } from "./encoded-tensor.ts";
import { ExplainInput, ExplanationType } from "./explanation.types.ts";
import { ChosenVersionInput, InferenceInputType } from "./inference-input.types.ts";
import { TensorScalar } from "./tensor.types.ts";

@InputType("InferInput", { description: "What to ask of which model." })
export class InferInput extends ChosenVersionInput {
  @Field(() => [InferenceInputType], { description: "1 to 256 inputs; each is metered as one." })
  inputs: InferenceInputType[];

  @Field(() => Int, {
    nullable: true,
    defaultValue: 1,
    description: "How many labels to score for each input, best first.",
  })
  topK: number | null;

  @Field(() => ExplainInput, {
    nullable: true,
    description: "What to explain; each changed input that it takes is metered as one, as `explainCost` tells before.",
  })
  explain: ExplainInput | null;

  @Field(() => String, {
    nullable: true,
    description:
      "The caller's own name for this request: repeats within 24 hours get its answer and are not charged again.",
  })
  idempotencyKey: string | null;

  @Field(() => Int, { nullable: true, description: "How long the answer is worth waiting for, in milliseconds." })
  deadlineMs: number | null;
}

@ObjectType("LabelScore", { description: "A label and how well it fits.", simpleResolvers: true })
export class LabelScoreType {
  @Field(() => String, { description: "The label." })
  label: string;

  @Field(() => Float, { description: "How well it fits, 0 to 1." })
  score: number;
}

@ObjectType("TokenLabel", { description: "A token of a text, and its best label.", simpleResolvers: true })
export class TokenLabelType extends LabelScoreType {
  @Field(() => String, { nullable: true, description: "As it stands in the text; none where token ids were sent." })
  text?: string | undefined;

  @Field(() => Int, { nullable: true, description: "Where it starts in the text, in UTF-16 code units." })
  start?: number | undefined;

  @Field(() => Int, { nullable: true, description: "Where it ends in the text, exclusive, in UTF-16 code units." })
  end?: number | undefined;
}

@ObjectType("OutputTensor", { description: "One output of a graph.", simpleResolvers: true })
export class OutputTensorType {
  @Field(() => String, { description: "Its name in the graph." })
  name: string;

  @Field(() => TensorScalar, { description: "Its numbers, without the batch dimension." })
  tensor: EncodedTensor;
}

@ObjectType("InferenceOutput", { description: "The answer to one input.", simpleResolvers: true })
export class InferenceOutputType {
  @Field(() => Int, { description: "The place of its input in the request, from 0." })
  index: number;

  @Field(() => String, {
    description: "The best label; of tokens, the one that most of them carry; empty for a version without labels.",
  })
  label: string;

  @Field(() => Float, {
    description: "How well the best label fits, 0 to 1; of tokens, the share of them that carry it.",
  })
  score: number;

  @Field(() => [LabelScoreType], { description: "The best `topK` labels, highest first; of tokens, their shares." })
  scores: LabelScoreType[];

  @Field(() => [TokenLabelType], {
    nullable: true,
    description: "For token classification, the tokens that were read.",
  })
  tokens?: TokenLabelType[] | undefined;

  @Field(() => [OutputTensorType], {
    nullable: true,
    description: "For the task `TENSOR`, all that the graph returned.",
  })
  tensors?: OutputTensorType[] | undefined;

  @Field(() => Boolean, {
    description: "Whether the text was longer than the version takes, so that its end was not read.",
  })
  truncated: boolean;

  @Field(() => ExplanationType, {
    nullable: true,
    description: "Which parts of the input carried it, where asked for.",
  })
  explanation?: ExplanationType | undefined;
}

@ObjectType("InferenceTiming", { description: "Where the time went.", simpleResolvers: true })
export class InferenceTimingType {
  @Field(() => Float, { description: "Milliseconds in the queue." })
  queueMs: number;

  @Field(() => Float, { description: "Milliseconds in the runner." })
  runMs: number;

  @Field(() => Float, { description: "Milliseconds from taking the request to having its answer, metering included." })
  totalMs: number;

  @Field(() => Int, { description: "How many inputs ran together." })
  batchSize: number;

  @Field(() => ExecutionProvider, { description: "What it ran on." })
  provider: string;
}

@ObjectType("Inference", {
  implements: NodeType,
  description: "One request to one version, answered.",
  simpleResolvers: true,
})
export class InferenceType extends NodeType {
  @Field(() => ModelType, { description: "The model that was asked." })
  model: ModelType;

  @Field(() => ModelVersionType, { description: "The version that answered." })
  version: ModelVersionType;

  @Field(() => String, {
    nullable: true,
    description: "The alias that chose the version; none where the version was named.",
  })
  alias: string | null;

  @Field(() => [InferenceOutputType], { description: "One answer for each input, in order." })
  outputs: InferenceOutputType[];

  @Field(() => [MeteredQuantityType], { description: "What was charged." })
  usage: MeteredQuantityType[];

  @Field(() => [ExceededLimitType], {
    description: "Soft limits that did not cover it: it was served all the same, and this says so.",
  })
  softLimits: ExceededLimitType[];

  @Field(() => InferenceTimingType, { description: "Where the time went." })
  timing: InferenceTimingType;

  @Field(() => GraphQLDateTime, { description: "When it was answered." })
  createdAt: Date;
}
