import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newId } from "../../../src/core/ids.ts";
import { permissionNames } from "../../../src/core/permission.ts";
import { startTestGateway, type TestGateway, type TestTenant } from "../../support/gateway.ts";
import type { AnswerError, GraphqlClient } from "../../support/graphql-client.ts";
import { type Operation, operationsOfSchema, requestFor } from "../../support/schema-walk.ts";

// Walks the public schema: whatever is not named here needs a credential and a permission, from the day it is added.
const operations = operationsOfSchema();
/** They are how one becomes somebody. */
const needNobody = ["signIn", "refreshAccessToken", "acceptInvitation"];
/** Whoever has a credential may ask who they are. */
const needNoPermission = ["me"];
/** No permission makes a machine a person. */
const needAPerson = ["signOut", "signOutEverywhere", "switchTenant", "changePassword"];

let gateway: TestGateway;
let tenant: TestTenant;
/** A key of the tenant's that may do nothing. */
let powerless: GraphqlClient;

beforeAll(async () => {
  gateway = await startTestGateway();
  tenant = await gateway.createTenant();
  const issued = await tenant.owner.ask(
    "mutation($input: IssueApiKeyInput!) { issueApiKey(input: $input) { secret apiKey { id } } }",
    { input: { name: "powerless", permissions: ["models:read"] } },
  );
  const { secret, apiKey } = issued.data.issueApiKey;
  await gateway.sql("update api_keys set permissions = '{}' where id = $1", [apiKey.id]);
  powerless = gateway.client(secret);
});

afterAll(async () => {
  await gateway.close();
});

async function askedBy(client: GraphqlClient, operation: Operation): Promise<{ data: unknown; errors: AnswerError[] }> {
  const { query, variables } = requestFor(operation, { id: newId("apiKey"), depth: 2 });
  return await client.send(query, variables);
}

const named = (which: (name: string) => boolean) =>
  operations.filter(({ field }) => which(field.name)).map((operation) => [operation.field.name, operation] as const);

test("there is nothing among the exceptions that the schema does not have", () => {
  const names = operations.map(({ field }) => field.name);
  expect(names).toEqual(expect.arrayContaining([...needNobody, ...needNoPermission, ...needAPerson]));
});

describe("without a credential", () => {
  test.each(named((name) => !needNobody.includes(name)))("%s is UNAUTHENTICATED", async (name, operation) => {
    const { data, errors } = await askedBy(gateway.client(), operation);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({ path: [name], extensions: { code: "UNAUTHENTICATED" } });
    expect(Object.values(data ?? {}).every((value) => value === null)).toBe(true);
  });

  test.each(named((name) => needNobody.includes(name)))("%s looks at what it was given", async (name, operation) => {
    const { errors } = await askedBy(gateway.client(), operation);
    expect(errors).toHaveLength(1);
    expect(errors[0]?.path).toEqual([name]);
    expect(errors[0]?.message).not.toContain("Send a credential");
  });
});

describe("an API key without a permission", () => {
  const exceptions = [...needNobody, ...needNoPermission, ...needAPerson];
  test.each(named((name) => !exceptions.includes(name)))("is told which one %s needs", async (name, operation) => {
    const { data, errors } = await askedBy(powerless, operation);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({ path: [name], extensions: { code: "FORBIDDEN" } });
    const [, needed] =
      /^This needs the permission (\S+), which the credential does not have\.$/.exec(errors[0]?.message ?? "") ?? [];
    expect(permissionNames).toContain(needed);
    expect(Object.values(data ?? {}).every((value) => value === null)).toBe(true);
  });

  test.each(named((name) => needAPerson.includes(name)))("cannot ask for %s at all", async (_name, operation) => {
    expect((await askedBy(powerless, operation)).errors.map((error) => error.extensions.code)).toEqual(["FORBIDDEN"]);
  });

  test("can ask who it is", async () => {
    expect((await powerless.ask("{ me { kind tenantId permissions } }")).data.me).toEqual({
      kind: "API_KEY",
      tenantId: tenant.id,
      permissions: [],
    });
  });
});

test("the right fields of an operation are answered beside those that are refused", async () => {
  const answer = await powerless.send("{ me { kind } plans { name } }");
  expect(answer.errors.map((error) => error.path)).toEqual([["plans"]]);
});
