import { readFileSync } from "node:fs";
import path from "node:path";
import {
  buildSchema,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLOutputType,
  GraphQLScalarType,
  getNamedType,
  getNullableType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
} from "graphql";

// Walks the committed schema, so that a test of every operation covers a new one on the day it is added.

export interface Operation {
  kind: "query" | "mutation";
  field: GraphQLField<unknown, unknown>;
}

export function operationsOfSchema(): Operation[] {
  const schema = buildSchema(readFileSync(path.resolve(import.meta.dirname, "../../schema.graphql"), "utf8"));
  return [
    ...Object.values(schema.getQueryType()?.getFields() ?? {}).map((field) => ({ kind: "query" as const, field })),
    ...Object.values(schema.getMutationType()?.getFields() ?? {}).map((field) => ({
      kind: "mutation" as const,
      field,
    })),
  ];
}

/**
 * Asks for all fields down to a depth, with the arguments that have to be given, and with those that take an id if there is
 * one to give; the id stands wherever one can.
 */
export function requestFor(
  { kind, field }: Operation,
  { id, depth, model = "a" }: { id: string; depth: number; model?: string | undefined },
): { query: string; variables: Record<string, unknown> } {
  const args = field.args.filter((argument) => isNonNullType(argument.type) || (id !== "" && holdsId(argument.type)));
  const declared = args.map((argument) => `$${argument.name}: ${String(argument.type)}`).join(", ");
  const passed = args.map((argument) => `${argument.name}: $${argument.name}`).join(", ");
  return {
    query: `${kind} Walk${declared && `(${declared})`} { ${field.name}${passed && `(${passed})`} ${selectionOf(field.type, depth)} }`,
    variables: Object.fromEntries(
      args.map((argument) => [
        argument.name,
        holdsModelName(argument) && argument.name === "name" ? model : inputFor(argument.type, id, model),
      ]),
    ),
  };
}

function inputFor(type: GraphQLInputType, id: string, model: string): unknown {
  const nullable = getNullableType(type);
  if (isListType(nullable)) return [inputFor(nullable.ofType, id, model)];
  if (isInputObjectType(nullable)) {
    const needed = Object.values(nullable.getFields()).filter(
      (field) => isNonNullType(field.type) || holdsId(field.type),
    );
    return Object.fromEntries(
      needed.map((field) => [field.name, isModelName(field) ? model : inputFor(field.type, id, model)]),
    );
  }
  if (isEnumType(nullable)) return nullable.getValues()[0]?.name;
  return scalarFor(nullable, id);
}

function scalarFor(type: GraphQLNamedType, id: string): unknown {
  if (!(type instanceof GraphQLScalarType)) throw new Error(`no value for ${type.name}`);
  const values: Record<string, unknown> = {
    ID: id,
    String: "a",
    Int: 1,
    Float: 1,
    Boolean: true,
    DateTime: "2026-01-01T00:00:00Z",
    Micros: "10000",
  };
  return values[type.name] ?? "";
}

function selectionOf(type: GraphQLOutputType, depth: number): string {
  const named = getNamedType(type);
  if (!isCompositeType(named)) return "";
  if (depth === 0) return "{ __typename }";
  if (!("getFields" in named)) return "{ __typename }";
  const fields = Object.values(named.getFields()).filter((field) =>
    field.args.every((argument) => !isNonNullType(argument.type)),
  );
  return `{ __typename ${fields.map((field) => `${field.name} ${selectionOf(field.type, depth - 1)}`).join(" ")} }`;
}

export function holdsId(type: GraphQLInputType): boolean {
  const named = getNamedType(type);
  if (named.name === "ID") return true;
  return (
    isInputObjectType(named) && Object.values(named.getFields()).some((field) => getNamedType(field.type).name === "ID")
  );
}

/** Whether the operation is about a model that it names. */
export function holdsModelName(argument: {
  name: string;
  type: GraphQLInputType;
  description?: string | null;
}): boolean {
  const named = getNamedType(argument.type);
  if (isInputObjectType(named)) return Object.values(named.getFields()).some(isModelName);
  return argument.name === "name" && argument.description?.startsWith("The model's name") === true;
}

function isModelName(field: { name: string; type: GraphQLInputType }): boolean {
  return field.name === "model" && getNamedType(field.type).name === "String";
}
