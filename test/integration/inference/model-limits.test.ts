import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestGateway, type TestGateway, type TestTenant } from "../../support/gateway.ts";
import type { GraphqlClient } from "../../support/graphql-client.ts";
import { numberInput, RegistryClient, timesFile } from "../../support/registry.ts";

let gateway: TestGateway;
let operator: GraphqlClient;
let tenant: TestTenant;
let other: TestTenant;

beforeAll(async () => {
  gateway = await startTestGateway();
  operator = await gateway.createOperator();
  tenant = await gateway.createTenant("Own");
  other = await gateway.createTenant("Other");
  for (const name of ["mine", "also-mine"]) await new RegistryClient(tenant.owner).register(name, timesFile(2));
  await new RegistryClient(operator).register("not-offered", timesFile(3));
});

afterAll(async () => {
  await gateway.close();
});

const setTenantLimit = "mutation($input: SetTenantLimitInput!) { setTenantLimit(input: $input) { id modelId limit } }";
const setApiKeyLimit = "mutation($input: SetApiKeyLimitInput!) { setApiKeyLimit(input: $input) { id modelId limit } }";
const quotaOf = (model: string, limit: number) => ({ kind: "QUOTA", meter: "inputs", period: "DAY", model, limit });

const codesOf = async (key: GraphqlClient, model: string, times: number) => {
  const codes: (string | undefined)[] = [];
  for (let i = 0; i < times; i++)
    codes.push((await key.infer({ model, inputs: [numberInput(1)] })).errors[0]?.extensions.code);
  return codes;
};

async function modelIdOf(name: string): Promise<string> {
  return (await tenant.owner.ask("query($name: String!) { model(name: $name) { id } }", { name })).data.model.id;
}

test("a tenant limits the use of a model of its own, of all keys or of one, and its other models are left alone", async () => {
  const set = await tenant.owner.ask(setTenantLimit, { input: { limit: quotaOf("mine", 2) } });
  expect(set.data.setTenantLimit).toMatchObject({ modelId: await modelIdOf("mine"), limit: 2 });
  expect(await codesOf(tenant.key, "mine", 3)).toEqual([undefined, undefined, "QUOTA_EXCEEDED"]);

  const ofKey = await tenant.owner.ask(setApiKeyLimit, {
    input: { apiKeyId: tenant.apiKeyId, limit: quotaOf("also-mine", 1) },
  });
  expect(ofKey.data.setApiKeyLimit.modelId).toBe(await modelIdOf("also-mine"));
  expect(await codesOf(tenant.key, "also-mine", 2)).toEqual([undefined, "QUOTA_EXCEEDED"]);
  expect(await codesOf(tenant.owner, "also-mine", 1)).toEqual([undefined]);

  const issued = await tenant.owner.ask(
    "mutation($input: IssueApiKeyInput!) { issueApiKey(input: $input) { secret } }",
    { input: { name: "narrow", permissions: ["inferences:create"], limits: [quotaOf("also-mine", 0)] } },
  );
  expect(await codesOf(gateway.client(issued.data.issueApiKey.secret), "also-mine", 1)).toEqual(["QUOTA_EXCEEDED"]);
});

test("an operator limits a tenant's use of a model of its own, too, and means the platform's where both have the name", async () => {
  const input = { tenantId: tenant.id, limit: quotaOf("mine", 7) };
  const set = await operator.ask(setTenantLimit, { input });
  expect(set.data.setTenantLimit.modelId).toBe(await modelIdOf("mine"));
  const digits = await operator.ask(setTenantLimit, { input: { tenantId: tenant.id, limit: quotaOf("digits", 7) } });
  expect(digits.data.setTenantLimit.modelId).toBe(await modelIdOf("digits"));
});

test("another's model, and one that is not offered, are refused as a name that never existed is", async () => {
  const refusals = await Promise.all(
    ["mine", "not-offered", "nobody"].map(async (model) => {
      const answers = await Promise.all([
        other.owner.send(setTenantLimit, { input: { limit: quotaOf(model, 1) } }),
        other.owner.send(setApiKeyLimit, { input: { apiKeyId: other.apiKeyId, limit: quotaOf(model, 1) } }),
        operator.send(setTenantLimit, {
          input: { tenantId: other.id, limit: quotaOf(model === "not-offered" ? "none" : model, 1) },
        }),
      ]);
      return answers.map(({ errors }) => [errors[0]?.extensions.code, errors[0]?.message.replace(/"[^"]*"/, "NAME")]);
    }),
  );
  const message = "limit.model is NAME; it must be the name of a model that this can be for.";
  expect(refusals).toEqual(Array(3).fill(Array(3).fill(["INVALID_INPUT", message])));
  expect(await gateway.sql("select 1 from tenant_limits where tenant_id = $1", [other.id])).toEqual([]);
});

test("a plan, which is many tenants', names models of the platform alone", async () => {
  const terms = {
    currency: "USD",
    prices: [{ meter: "inputs", unitPriceMicros: "1" }],
    limits: [quotaOf("mine", 1)],
  };
  const answer = await operator.send("mutation($input: CreatePlanInput!) { createPlan(input: $input) { name } }", {
    input: { name: "of-one-tenant", terms },
  });
  expect(answer.errors).toMatchObject([{ extensions: { code: "INVALID_INPUT" } }]);
});
