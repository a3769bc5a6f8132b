import { isNonNullType } from "graphql";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { idPrefixes, newId } from "../../src/core/ids.ts";
import { writeBareInvoice } from "../support/bare-invoice.ts";
import { startTestGateway, type TestGateway, type TestTenant } from "../support/gateway.ts";
import type { GraphqlClient } from "../support/graphql-client.ts";
import { RegistryClient, timesFile } from "../support/registry.ts";
import { holdsId, holdsModelName, type Operation, operationsOfSchema, requestFor } from "../support/schema-walk.ts";

// Walks the public schema: every operation that takes an id is asked by a second tenant for a thing of the first, and must
// answer exactly as for an id that never was. An operation that is added is covered the day it is added.
const operations = operationsOfSchema();
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
  const registered = await new RegistryClient(owner.key).register("own-model", timesFile(2));
  const model = await owner.owner.ask('{ model(name: "own-model") { id aliases { id } } }');
  const audit = await owner.owner.ask("{ auditEvents { nodes { id } } tenant { members { nodes { user { id } } } } }");
  const { invoiceId, lineId, grantId } = await writeBareInvoice(gateway.sql, owner.id);
  const made = await owner.owner.ask(
    `mutation { createWebhookEndpoint(input: { url: "https://owner.example/hooks", events: ["job.finished"] }) { endpoint { id } } }`,
  );
  const endpointId = made.data.createWebhookEndpoint.endpoint.id;
  const sent = await owner.owner.ask(`mutation($id: ID!) { sendTestWebhook(input: { id: $id }) { id } }`, {
    id: endpointId,
  });
  ids = new Map([
    [idPrefixes.webhookEndpoint, endpointId],
    [idPrefixes.webhookDelivery, sent.data.sendTestWebhook.id],
    [idPrefixes.invoice, invoiceId],
    [idPrefixes.invoiceLine, lineId],
    [idPrefixes.creditGrant, grantId],
    [idPrefixes.tenant, owner.id],
    [idPrefixes.apiKey, owner.apiKeyId],
    [idPrefixes.auditEvent, audit.data.auditEvents.nodes[0].id],
    [idPrefixes.model, model.data.model.id],
    [idPrefixes.modelVersion, registered.id],
    [idPrefixes.alias, model.data.model.aliases[0].id],
    [idPrefixes.user, audit.data.tenant.members.nodes[0].user.id],
  ]);
});

afterAll(async () => {
  await gateway.close();
});

test("there are operations that take an id", () => {
  expect(takingIds.map(({ field }) => field.name)).toEqual(
    expect.arrayContaining([
      "node",
      "revokeApiKey",
      "rotateApiKey",
      "deleteWebhookEndpoint",
      "webhookDeliveries",
      "invoice",
      "explainInvoiceLine",
      "creditBalance",
    ]),
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
        if (operation.field.name === "signIn") continue;
        // FORBIDDEN where the operation is for operators alone, whatever it is asked for.
        expect(taken).toMatch(/"code":"(NOT_FOUND|FORBIDDEN)"/);
      }
    },
  );
});

describe("another tenant's model is answered by its name as one that never was, by", () => {
  const takingNames = operations.filter(({ field }) => field.args.some((argument) => holdsModelName(argument)));

  test("the operations on models", () => {
    expect(takingNames.map(({ field }) => field.name)).toEqual(
      expect.arrayContaining(["infer", "model", "pointAlias", "rollBackAlias", "retireModelVersion"]),
    );
  });

  test.each(takingNames.map((operation) => [operation.field.name, operation] as const))(
    "%s",
    async (_name, operation) => {
      const asked = async (name: string) =>
        (await askFor(stranger.owner, operation, newId("tenant"), name)).replaceAll(name, "<name>");
      expect(await asked("own-model")).toBe(await asked("not-model"));
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
async function askFor(client: GraphqlClient, operation: Operation, id: string, model?: string): Promise<string> {
  const { query, variables } = requestFor(operation, { id, depth: 3, model });
  const answer = await client.send(query, variables);
  for (const error of answer.errors) expect(error.extensions.code, error.message).not.toBe("INTERNAL");
  return JSON.stringify({ data: answer.data, errors: answer.errors }).replaceAll(/req_[0-9a-z]{26}/g, "<request>");
}

function kindOf(prefix: string): keyof typeof idPrefixes {
  const found = Object.entries(idPrefixes).find(([, candidate]) => candidate === prefix);
  if (found === undefined) throw new Error(`no kind of id has the prefix ${prefix}`);
  return found[0] as keyof typeof idPrefixes;
}
