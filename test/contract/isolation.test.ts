import { readFileSync } from "node:fs";
import path from "node:path";
import {
  buildSchema,
  type GraphQLArgument,
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
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { idPrefixes, newId } from "../../src/core/ids.ts";
import { startTestGateway, type TestGateway, type TestTenant } from "../support/gateway.ts";
import type { GraphqlClient } from "../support/graphql-client.ts";

// Walks the public schema: every operation that takes an id is asked by a second tenant for a thing of the first, and must
// answer exactly as for an id that never was. An operation that is added is covered the day it is added.
const schema = buildSchema(readFileSync(path.resolve(import.meta.dirname, "../../schema.graphql"), "utf8"));

interface Operation {
  kind: "query" | "mutation";
  field: GraphQLField<unknown, unknown>;
}

const operations: Operation[] = [
  ...Object.values(schema.getQueryType()?.getFields() ?? {}).map((field) => ({ kind: "query" as const, field })),
  ...Object.values(schema.getMutationType()?.getFields() ?? {}).map((field) => ({ kind: "mutation" as const, field })),
];

const takingIds = operations.filter(({ field }) => field.args.some((argument) => holdsId(argument.type)));

let gateway: TestGateway;
let owner: TestTenant;
let stranger: TestTenant;
/** One id of everything that the first tenant has, by prefix. */
let ids: Map<string, string>;

beforeAll(async () => {
  gateway = await startTestGateway();
  owner = await gateway.createTenant("Owner");
  stranger = await gateway.createTenant("Stranger");
  const audit = await owner.owner.ask("{ auditEvents { nodes { id } } tenant { members { nodes { user { id } } } } }");
  ids = new Map([
    [idPrefixes.tenant, owner.id],
    [idPrefixes.apiKey, owner.apiKeyId],
    [idPrefixes.auditEvent, audit.data.auditEvents.nodes[0].id],
    [idPrefixes.user, audit.data.tenant.members.nodes[0].user.id],
  ]);
});

afterAll(async () => {
  await gateway.close();
});

test("there are operations that take an id", () => {
  expect(takingIds.map(({ field }) => field.name)).toEqual(
    expect.arrayContaining(["node", "revokeApiKey", "rotateApiKey"]),
  );
});

describe("another tenant's id is answered as one that never was, by", () => {
  test.each(takingIds.map((operation) => [operation.field.name, operation] as const))(
    "%s",
    async (_name, operation) => {
      for (const [prefix, id] of ids) {
        const never = newId(kindOf(prefix));
        const [taken, free] = [
          await askFor(stranger.owner, operation, id),
          await askFor(stranger.owner, operation, never),
        ];
        expect(taken.replaceAll(id, "<id>")).toBe(free.replaceAll(never, "<id>"));
        // signIn speaks of the e-mail and the password, whatever tenant is named with them.
        if (operation.field.name !== "signIn") expect(taken).toContain("NOT_FOUND");
      }
    },
  );
});

test("and the thing itself is as it was", async () => {
  const keys = await owner.owner.ask("{ apiKeys { nodes { id revokedAt expiresAt } } }");
  expect(keys.data.apiKeys.nodes).toEqual([{ id: owner.apiKeyId, revokedAt: null, expiresAt: null }]);
});

describe("nothing of another tenant shows in", () => {
  const lists = operations.filter(
    ({ kind, field }) => kind === "query" && field.args.every((argument) => !isNonNullType(argument.type)),
  );

  test.each(lists.map((operation) => [operation.field.name, operation] as const))("%s", async (_name, operation) => {
    const text = await askFor(stranger.owner, operation, "");
    for (const id of ids.values()) expect(text).not.toContain(id);
    expect(text).not.toContain(owner.ownerEmail);
  });
});

/** The whole answer as text, but for the request id, which is new each time. */
async function askFor(client: GraphqlClient, { kind, field }: Operation, id: string): Promise<string> {
  const args = field.args.filter((argument) => isNonNullType(argument.type));
  const declared = args.map((argument) => `$${argument.name}: ${String(argument.type)}`).join(", ");
  const passed = args.map((argument) => `${argument.name}: $${argument.name}`).join(", ");
  const query = `${kind} Walk${declared && `(${declared})`} { ${field.name}${passed && `(${passed})`} ${selectionOf(field.type, 3)} }`;
  const variables = Object.fromEntries(args.map((argument) => [argument.name, valueFor(argument, id)]));
  const answer = await client.send(query, variables);
  for (const error of answer.errors) expect(error.extensions.code, error.message).not.toBe("INTERNAL");
  return JSON.stringify({ data: answer.data, errors: answer.errors }).replaceAll(/req_[0-9a-z]{26}/g, "<request>");
}

function valueFor(argument: GraphQLArgument, id: string): unknown {
  return inputFor(argument.type, id);
}

function inputFor(type: GraphQLInputType, id: string): unknown {
  const nullable = getNullableType(type);
  if (isListType(nullable)) return [inputFor(nullable.ofType, id)];
  if (isInputObjectType(nullable)) {
    const needed = Object.values(nullable.getFields()).filter(
      (field) => isNonNullType(field.type) || holdsId(field.type),
    );
    return Object.fromEntries(needed.map((field) => [field.name, inputFor(field.type, id)]));
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

function holdsId(type: GraphQLInputType): boolean {
  const named = getNamedType(type);
  if (named.name === "ID") return true;
  return (
    isInputObjectType(named) && Object.values(named.getFields()).some((field) => getNamedType(field.type).name === "ID")
  );
}

function kindOf(prefix: string): keyof typeof idPrefixes {
  const found = Object.entries(idPrefixes).find(([, candidate]) => candidate === prefix);
  if (found === undefined) throw new Error(`no kind of id has the prefix ${prefix}`);
  return found[0] as keyof typeof idPrefixes;
}
