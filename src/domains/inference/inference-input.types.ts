import { Field, InputType } from "type-graphql";
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
