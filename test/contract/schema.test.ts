import { readFileSync } from "node:fs";
import path from "node:path";
import { buildSchema, isEnumType, isInputObjectType, isInterfaceType, isObjectType } from "graphql";
import { expect, test } from "vitest";
import { resolverClasses } from "../../src/app.ts";
import { printedSchema, schemaOf } from "../../src/edge/graphql/schema.ts";

const committed = readFileSync(path.resolve(import.meta.dirname, "../../schema.graphql"), "utf8");

test("schema.graphql is what the code serves: `npm run schema` writes it", async () => {
  expect(printedSchema(await schemaOf(resolverClasses, []))).toBe(committed);
});

test("every type, field, argument, input and enum value says in a sentence what it is", () => {
  const silent: string[] = [];
  const speak = (name: string, description: string | null | undefined) => {
    if (!description || description.trim().length < 5) silent.push(name);
  };
  for (const type of Object.values(buildSchema(committed).getTypeMap())) {
    if (
      type.name.startsWith("__") ||
      ["String", "Int", "Float", "Boolean", "ID", "Query", "Mutation"].includes(type.name)
    )
      continue;
    speak(type.name, type.description);
    if (isEnumType(type)) for (const value of type.getValues()) speak(`${type.name}.${value.name}`, value.description);
    if (!isObjectType(type) && !isInterfaceType(type) && !isInputObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      speak(`${type.name}.${field.name}`, field.description);
      if ("args" in field)
        for (const argument of field.args) speak(`${type.name}.${field.name}(${argument.name})`, argument.description);
    }
  }
  expect(silent).toEqual([]);
});

test("every query and mutation and their arguments are described too", () => {
  const schema = buildSchema(committed);
  const roots = [schema.getQueryType(), schema.getMutationType()].flatMap((type) =>
    Object.values(type?.getFields() ?? {}),
  );
  const silent = roots.flatMap((field) => [field, ...field.args]).filter((one) => !one.description);
  expect(silent.map((one) => one.name)).toEqual([]);
});
