import { type ExecutionResult, type GraphQLSchema, graphql } from "graphql";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TollgateError } from "../../../src/core/errors.ts";
import { isId } from "../../../src/core/ids.ts";
import { operatorPermissions, rolePermissions } from "../../../src/core/permission.ts";
import type { Principal } from "../../../src/core/principal.ts";
import { ApiKeyResolver } from "../../../src/domains/keys/keys.resolver.ts";
import type { Requester } from "../../../src/domains/keys/keys.service.ts";
import { schemaOf } from "../../../src/edge/graphql/schema.ts";
import { type KeyHouse, openKeyHouse } from "../../support/key-house.ts";

const wholeKey = `id name prefix permissions allowedCidrs createdAt createdBy expiresAt lastUsedAt revokedAt rotatedTo`;
const issue = `mutation($input: IssueApiKeyInput!) { issueApiKey(input: $input) { secret apiKey { ${wholeKey} } } }`;
const rotate = `mutation($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { secret apiKey { ${wholeKey} } } }`;
const revoke = `mutation($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { ${wholeKey} } }`;
const list = `query($first: Int, $after: String) {
  apiKeys(first: $first, after: $after) { nodes { ${wholeKey} } edges { cursor } pageInfo { hasNextPage endCursor } }
}`;

let house: KeyHouse;
let owner: Requester;
let schema: GraphQLSchema;

beforeAll(async () => {
  house = await openKeyHouse();
  owner = await house.createOwner();
  schema = await schemaOf([ApiKeyResolver], [new ApiKeyResolver(house)]);
});

afterAll(async () => {
  await house.close();
});

async function ask(
  source: string,
  variables: Record<string, unknown>,
  asker: Principal | "nobody" = owner.principal,
): Promise<ExecutionResult> {
  const contextValue = {
    principal: asker === "nobody" ? undefined : asker,
    requestId: "req_test",
    clientAddress: "10.0.0.1",
    abandoned: new AbortController().signal,
  };
  const answer = await graphql({ schema, source, variableValues: variables, contextValue });
  // As a client gets it.
  return JSON.parse(JSON.stringify({ data: answer.data, codes: answer.errors?.map(codeOf) }));
}

function codeOf({ originalError, message }: { originalError?: Error | undefined; message: string }): string {
  return originalError instanceof TollgateError ? originalError.code : message;
}

test("a key is issued, listed, rotated and revoked as the contract says", async () => {
  const expiresAt = new Date(house.clock.now().getTime() + 86_400_000).toISOString();
  const input = { name: "ci", permissions: ["inferences:create"], expiresAt, allowedCidrs: ["10.0.0.0/8"] };
  const issued: ExecutionResult = await ask(issue, { input });
  const old = {
    ...input,
    id: expect.stringMatching(/^key_/),
    prefix: expect.stringMatching(/^tg_live_/),
    createdAt: house.clock.now().toISOString(),
    createdBy: expect.stringMatching(/^usr_/),
    lastUsedAt: null,
    revokedAt: null,
    rotatedTo: null,
  };
  expect(issued).toEqual({ data: { issueApiKey: { secret: expect.stringMatching(/^tg_live_/), apiKey: old } } });

  const listed = await ask(list, { first: 1 });
  expect(listed.data?.["apiKeys"]).toMatchObject({ nodes: [old], pageInfo: { hasNextPage: false } });
  const id = (await house.store.page(owner.principal.tenantId, { first: 1 })).nodes[0]?.id ?? "";
  expect(isId("apiKey", id)).toBe(true);

  const rotated = await ask(rotate, { input: { id, overlapSeconds: 60 } });
  expect(rotated).toMatchObject({ data: { rotateApiKey: { apiKey: { ...old, expiresAt: expect.any(String) } } } });
  const revoked = await ask(revoke, { input: { id } });
  expect(revoked).toMatchObject({
    data: {
      revokeApiKey: { id, revokedAt: house.clock.now().toISOString(), rotatedTo: expect.stringMatching(/^key_/) },
    },
  });
});

test("a member who only reads keys sees them and changes none; without a credential nobody does anything", async () => {
  const { apiKey } = await house.issue(owner);
  const developer: Principal = { ...owner.principal, permissions: new Set(rolePermissions.DEVELOPER) };
  expect(await ask(list, { first: 1 }, developer)).not.toHaveProperty("codes");
  const changes: [string, object][] = [
    [issue, { name: "x", permissions: ["models:read"] }],
    [rotate, { id: apiKey.id, overlapSeconds: 0 }],
    [revoke, { id: apiKey.id }],
  ];
  for (const [source, input] of changes) {
    expect(await ask(source, { input }, developer)).toMatchObject({ data: null, codes: ["FORBIDDEN"] });
    expect(await ask(source, { input }, "nobody")).toMatchObject({ data: null, codes: ["UNAUTHENTICATED"] });
  }
  const found = await house.store.find(apiKey.tenantId, apiKey.id);
  expect(found).toEqual(apiKey);
});

test("an operator, who belongs to no tenant, is told so", async () => {
  const operator: Principal = {
    kind: "OPERATOR",
    userId: "usr_op",
    signInId: "sgn_op",
    permissions: new Set([...operatorPermissions, "keys:read"]),
  };
  expect(await ask(list, { first: 1 }, operator)).toMatchObject({ data: null, codes: ["FORBIDDEN"] });
});

test.each([0, 101, -1])("a page of %d keys is refused", async (first) => {
  expect(await ask(list, { first })).toMatchObject({ data: null, codes: ["INVALID_INPUT"] });
});
