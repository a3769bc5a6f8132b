import { GraphQLScalarType, type ValueNode, valueFromASTUntyped } from "graphql";
import { TollgateError } from "../../core/errors.ts";

export type JsonObject = Record<string, unknown>;

/** A JSON object whose shape a domain checks: a manifest in a schema of fields would be a second, stiffer copy of it. */
export const JsonObjectScalar = new GraphQLScalarType<JsonObject, JsonObject>({
  name: "JsonObject",
  description: "A JSON object, such as a manifest.",
  serialize: (value) => objectOf(value),
  parseValue: (value) => objectOf(value),
  parseLiteral: (node: ValueNode, variables) => objectOf(valueFromASTUntyped(node, variables)),
});

function objectOf(value: unknown): JsonObject {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw new TollgateError("INVALID_INPUT", "JsonObject is a JSON object: { … }.");
}
