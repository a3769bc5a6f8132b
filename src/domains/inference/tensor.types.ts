import { GraphQLScalarType, Kind, type ValueNode, valueFromASTUntyped } from "graphql";

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
