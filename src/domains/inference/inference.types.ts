import { GraphQLScalarType, Kind, type ValueNode, valueFromASTUntyped } from "graphql";
import { GraphQLDateTime } from "graphql-scalars";
import { Field, Float, InputType, Int, ObjectType } from "type-graphql";
import { NodeType } from "../../platform/graphql/node.types.ts";
import { Base64Scalar } from "../../platform/graphql/scalars.types.ts";
import { ExecutionProvider, ModelType, ModelVersionType } from "../models/models.types.ts";
import { ExceededLimitType } from "../usage/limits.types.ts";
import { MeteredQuantityType } from "../usage/usage.types.ts";

/** Numbers are taken as they are: the version's signature checks them, and can then name the input that is wrong. */
export const TensorScalar = new GraphQLScalarType<unknown, unknown>({
  name: "Tensor",
  description:
    'Numbers: `{ "dtype": "float32", "shape": [784], "data": "<base64, little-endian>" }`, or nested arrays. ' +
    "The base64 form is several times faster. For a model of pictures, dtype `uint8` means raw pixels, 0 to 255.",
  serialize: (value) => value,
  parseValue: (value) => value,
  parseLiteral: (node: ValueNode, variables) => (node.kind === Kind.NULL ? null : valueFromASTUntyped(node, variables)),
});

@InputType("InferenceInput", { description: "One input: exactly one of image, text and tensor." })
export class InferenceInputType {
  @Field(() => Base64Scalar, { nullable: true, description: "A PNG or JPEG file." })
  image: string | null;

  @Field(() => String, { nullable: true, description: "A text." })
  text: string | null;

  @Field(() => TensorScalar, { nullable: true, description: "The numbers that the graph takes." })
  tensor: unknown;
}

@InputType("InferInput", { description: "What to ask of which model." })
export class InferInput {
  @Field(() => String, { description: "The model's name, such as `digits`." })
  model: string;

  @Field(() => String, { nullable: true, defaultValue: "stable", description: "The alias that chooses the version." })
  alias: string | null;

  @Field(() => Int, { nullable: true, description: "A version by its number, instead of the alias." })
  version: number | null;

  @Field(() => [InferenceInputType], { description: "1 to 256 inputs; each is metered as one." })
  inputs: InferenceInputType[];

  @Field(() => Int, {
    nullable: true,
    defaultValue: 1,
    description: "How many labels to score for each input, best first.",
  })
  topK: number | null;

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

@ObjectType("InferenceOutput", { description: "The answer to one input.", simpleResolvers: true })
export class InferenceOutputType {
  @Field(() => Int, { description: "The place of its input in the request, from 0." })
  index: number;

  @Field(() => String, { description: "The best label." })
  label: string;

  @Field(() => Float, { description: "How well the best label fits, 0 to 1." })
  score: number;

  @Field(() => [LabelScoreType], { description: "The best `topK` labels, highest first." })
  scores: LabelScoreType[];

  @Field(() => Boolean, {
    description: "Whether the text was longer than the version takes, so that its end was not read.",
  })
  truncated: boolean;
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
