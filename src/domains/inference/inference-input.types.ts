import { Field, InputType, Int } from "type-graphql";
import { Base64Scalar } from "../../platform/graphql/scalars.types.ts";
import { TensorScalar } from "./tensor.types.ts";

@InputType("InferenceInput", { description: "One input: exactly one of image, text and tensor." })
export class InferenceInputType {
  @Field(() => Base64Scalar, { nullable: true, description: "A PNG or JPEG file." })
  image: string | null;

  @Field(() => String, { nullable: true, description: "A text." })
  text: string | null;

  @Field(() => TensorScalar, { nullable: true, description: "The numbers that the graph takes." })
  tensor: unknown;
}

/** Which version is asked. */
@InputType()
export abstract class ChosenVersionInput {
  @Field(() => String, { description: "The model's name, such as `digits`." })
  model: string;

  @Field(() => String, { nullable: true, defaultValue: "stable", description: "The alias that chooses the version." })
  alias: string | null;

  @Field(() => Int, { nullable: true, description: "A version by its number, instead of the alias." })
  version: number | null;
}
