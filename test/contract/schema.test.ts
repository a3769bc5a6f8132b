import { readFileSync } from "node:fs";
import path from "node:path";
import {
  buildSchema,
  type GraphQLNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
} from "graphql";
import { expect, test } from "vitest";
import { resolverClasses } from "../../src/app.ts";
import { printedSchema, schemaOf } from "../../src/edge/graphql/schema.ts";

const committed = readFileSync(path.resolve(import.meta.dirname, "../../schema.graphql"), "utf8");

test("schema.graphql is what the code serves: `npm run schema` writes it", async () => {
  expect(printedSchema(await schemaOf(resolverClasses, []))).toBe(committed);
});

test("every type, field, argument, input and enum value says in a sentence what it is", () => {
  const types = Object.values(buildSchema(committed).getTypeMap()).filter((type) => !isBuiltIn(type));
  const silent = types
    .flatMap(describedParts)
    .filter(({ description }) => !description || description.trim().length < 5);
  expect(silent.map(({ name }) => name)).toEqual([]);
});

interface Described {
  name: string;
  description?: string | null | undefined;
}

function isBuiltIn(type: GraphQLNamedType): boolean {
  return (
    type.name.startsWith("__") ||
    ["String", "Int", "Float", "Boolean", "ID", "Query", "Mutation", "Subscription"].includes(type.name)
  );
}

function describedParts(type: GraphQLNamedType): Described[] {
  if (isEnumType(type)) return [type, ...type.getValues()];
  if (isInputObjectType(type)) return [type, ...Object.values(type.getFields())];
  if (!isObjectType(type) && !isInterfaceType(type)) return [type];
  return [type, ...Object.values(type.getFields()).flatMap((field) => [field, ...field.args])];
}

test("every query, mutation and subscription and their arguments are described too", () => {
  const schema = buildSchema(committed);
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].flatMap((type) =>
    Object.values(type?.getFields() ?? {}),
  );
  const silent = roots.flatMap((field) => [field, ...field.args]).filter((one) => !one.description);
  expect(silent.map((one) => one.name)).toEqual([]);
});
