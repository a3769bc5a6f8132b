import { GraphQLScalarType, Kind } from "graphql";
import { TollgateError } from "../../core/errors.ts";

/**
 * Bytes as base64 text. It stays text until a resolver decodes it, so that the error can name the input that is
 * malformed, and so that a refused request is never decoded at all.
 */
export const Base64Scalar = new GraphQLScalarType<string, string>({
  name: "Base64",
  description: "Bytes, as base64 text (RFC 4648, padded).",
  serialize: (value) => (typeof value === "string" ? value : Buffer.from(value as Uint8Array).toString("base64")),
  parseValue: (value) => requireString("Base64", value),
  parseLiteral: (node) => requireString("Base64", node.kind === Kind.STRING ? node.value : undefined),
});

/** Money. A decimal string, because JSON numbers lose whole micro-units above 2^53. */
export const MicrosScalar = new GraphQLScalarType<bigint, string>({
  name: "Micros",
  description: "Money in whole micro-units of the tenant's currency (1,000,000 to the unit), as a decimal string.",
  serialize: (value) => String(value),
  parseValue: (value) => BigInt(requireDigits(value)),
  parseLiteral: (node) =>
    BigInt(requireDigits(node.kind === Kind.STRING || node.kind === Kind.INT ? node.value : undefined)),
});

function requireString(scalar: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw new TollgateError("INVALID_INPUT", `${scalar} is a string.`);
}

function requireDigits(value: unknown): string {
  if (typeof value === "string" && /^-?\d{1,18}$/.test(value)) return value;
  throw new TollgateError("INVALID_INPUT", "Micros is a string of decimal digits.");
}
