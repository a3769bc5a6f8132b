import { Field, Float, InputType, Int, ObjectType, registerEnumType } from "type-graphql";
import { Base64Scalar, MicrosScalar } from "../../platform/graphql/scalars.types.ts";
import type { EncodedTensor } from "./encoded-tensor.ts";
import type { ExplainRequest } from "./explanation.ts";
import { ChosenVersionInput, InferenceInputType } from "./inference-input.types.ts";
import { TensorScalar } from "./tensor.types.ts";

export const ExplainMethod = {
  OCCLUSION: "OCCLUSION",
  INTEGRATED_GRADIENTS: "INTEGRATED_GRADIENTS",
  SHAP: "SHAP",
  ATTENTION: "ATTENTION",
} as const;
registerEnumType(ExplainMethod, {
  name: "ExplainMethod",
  description: "How an answer is explained.",
  valuesConfig: {
    OCCLUSION: { description: "What the score loses without each part." },
    INTEGRATED_GRADIENTS: {
      description: "The score's gradient, summed along the line from the baseline to the input; not for texts.",
    },
    SHAP: { description: "Shapley values by Kernel SHAP: each part's fair share, from many sets of parts." },
    ATTENTION: { description: "The weights that the graph itself gave its tokens; only where a version has them." },
  },
});

/** How an answer is explained. */
@InputType()
export abstract class ExplanationWantedInput {
  @Field(() => ExplainMethod, { description: "The method." })
  method: keyof typeof ExplainMethod;

  @Field(() => Int, {
    nullable: true,
    description:
      "SHAP: sets of parts to ask, 16 to 4096, usually 256. INTEGRATED_GRADIENTS: steps, 2 to 32, usually 8.",
  })
  samples: number | null;

  @Field(() => Int, {
    nullable: true,
    description: "SHAP: where its chance begins, usually 0; the same seed gives the same bits.",
  })
  seed: number | null;

  @Field(() => String, {
    nullable: true,
    description:
      "The label whose score is explained, or for a version without labels the place of the number, such as `0`; the answer's own where it is left out.",
  })
  target: string | null;

  @Field(() => Int, {
    nullable: true,
    description: "Token classification: the token whose label is explained; the mean of all where it is left out.",
  })
  token: number | null;

  @Field(() => Float, {
    nullable: true,
    description: "What stands where a part of a picture or of numbers is taken away, as the graph takes it; usually 0.",
  })
  baseline: number | null;
}

@InputType("ExplainInput", { description: "Which answers to explain, and how." })
export class ExplainInput extends ExplanationWantedInput {
  @Field(() => [Int], {
    nullable: true,
    description: "The places of the outputs to explain; all where it is left out.",
  })
  outputIndexes: number[] | null;
}

export function toExplainRequest(input: ExplanationWantedInput & { outputIndexes?: number[] | null }): ExplainRequest {
  return {
    method: input.method,
    outputIndexes: input.outputIndexes ?? undefined,
    samples: input.samples ?? undefined,
    seed: input.seed ?? undefined,
    target: input.target ?? undefined,
    token: input.token ?? undefined,
    baseline: input.baseline ?? undefined,
  };
}

@InputType("ExplainCostInput", { description: "What would be asked and explained." })
export class ExplainCostInput extends ChosenVersionInput {
  @Field(() => [InferenceInputType], { description: "The inputs: what it takes depends on how long they are." })
  inputs: InferenceInputType[];

  @Field(() => ExplainInput, { description: "What to explain, and how." })
  explain: ExplainInput;
}

@ObjectType("ExplainCost", {
  description: "What an inference with explanations will be charged for, exactly.",
  simpleResolvers: true,
})
export class ExplainCostType {
  @Field(() => Int, { description: "The inputs themselves." })
  inputs: number;

  @Field(() => Int, { description: "Changed inputs that will be run to explain the answers." })
  evaluations: number;

  @Field(() => Int, { description: "Both: the quantity that will be charged on the meter `inputs`." })
  quantity: number;

  @Field(() => MicrosScalar, {
    nullable: true,
    description:
      "What these inputs would cost now, what is included or tiered counted; none without a plan that prices them.",
  })
  amount: bigint | null;
}

@ObjectType("TokenValue", { description: "A token, and what it was worth.", simpleResolvers: true })
export class TokenValueType {
  @Field(() => String, { nullable: true, description: "As it stands in the text; none where token ids were sent." })
  text?: string | undefined;

  @Field(() => Int, { nullable: true, description: "Where it starts in the text, in UTF-16 code units." })
  start?: number | undefined;

  @Field(() => Int, { nullable: true, description: "Where it ends in the text, exclusive, in UTF-16 code units." })
  end?: number | undefined;

  @Field(() => Float, { description: "How much it spoke for the target, or, below nought, against it." })
  value: number;
}

@ObjectType("Completeness", {
  description: "How far an explanation adds up to what it explains.",
  simpleResolvers: true,
})
export class CompletenessType {
  @Field(() => Float, { description: "The sum of all values." })
  sum: number;

  @Field(() => Float, { description: "The target's score for the input, less its score for the baseline." })
  expected: number;

  @Field(() => Float, { description: "The sum, less what was expected." })
  error: number;
}

@ObjectType("Explanation", { description: "Which parts of an input carried its output.", simpleResolvers: true })
export class ExplanationType {
  @Field(() => ExplainMethod, { description: "How it was made." })
  method: string;

  @Field(() => String, { description: "The label, or the place of the number, whose score it shares out." })
  target: string;

  @Field(() => String, { description: "What stood where parts were taken away; `none` where nothing was." })
  baseline: string;

  @Field(() => Int, { description: "How many changed inputs were run for it, each charged as an input." })
  evaluations: number;

  @Field(() => Int, { nullable: true, description: "The samples it was made with, where the method has any." })
  samples?: number | undefined;

  @Field(() => Int, { nullable: true, description: "Where its chance began, where the method has any." })
  seed?: number | undefined;

  @Field(() => Int, {
    description: "How many parts were told apart; pixels, numbers or tokens of one share its value.",
  })
  parts: number;

  @Field(() => TensorScalar, { description: "A value for each pixel, number or token." })
  values: EncodedTensor;

  @Field(() => [TokenValueType], { nullable: true, description: "For a text, its tokens with their values." })
  tokens?: TokenValueType[] | undefined;

  @Field(() => Base64Scalar, {
    nullable: true,
    description: "For a picture, a PNG: red spoke for the target, blue against it.",
  })
  heatMap?: string | undefined;

  @Field(() => CompletenessType, {
    nullable: true,
    description: "How far it adds up; none for attention, which shares nothing out.",
  })
  completeness?: CompletenessType | undefined;
}
