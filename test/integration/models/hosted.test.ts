import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestGateway, type TestGateway, type TestTenant } from "../../support/gateway.ts";
import type { GraphqlClient } from "../../support/graphql-client.ts";
import { RegistryClient, timesFile, tinyFile } from "../../support/registry.ts";

let gateway: TestGateway;
let operator: GraphqlClient;
let tenant: TestTenant;

beforeAll(async () => {
  gateway = await startTestGateway();
  operator = await gateway.createOperator();
  tenant = await gateway.createTenant("Harbour");
  const registry = new RegistryClient(tenant.owner);
  await registry.register("times", timesFile(2));
  await registry.register("times", timesFile(3));
});

afterAll(async () => {
  await gateway.close();
});

const hosted = `query($first: Int, $after: String, $owner: ModelOwner) {
  hostedModels(first: $first, after: $after, owner: $owner) {
    nodes { name task tenant { id name } versions { model version state stateReason provider } }
    pageInfo { hasNextPage endCursor } } }`;

interface Named {
  name: string;
}

test("an operator sees the models of the platform and of every tenant, whose they are and where they stand", async () => {
  const all: Named[] = (await operator.ask(hosted)).data.hostedModels.nodes;
  expect(all.map(({ name }) => name).toSorted()).toEqual(["digits", "mail", "mail-attention", "tags", "times"]);
  const own = (await operator.ask(hosted, { owner: "TENANT" })).data.hostedModels.nodes;
  expect(own).toEqual([
    {
      name: "times",
      task: "TENSOR",
      tenant: { id: tenant.id, name: "Harbour" },
      versions: [1, 2].map((version) => ({
        model: "times",
        version,
        state: "READY",
        stateReason: null,
        provider: "CPU",
      })),
    },
  ]);
  const platforms: Named[] = (await operator.ask(hosted, { owner: "PLATFORM" })).data.hostedModels.nodes;
  expect(platforms).toHaveLength(4);
});

interface HostedPage {
  nodes: Named[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

test("they are paged, each once", async () => {
  const names: string[] = [];
  let after: string | null = null;
  do {
    const page: HostedPage = (await operator.ask(hosted, { first: 2, after })).data.hostedModels;
    names.push(...page.nodes.map(({ name }) => name));
    after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
  } while (after !== null);
  expect(names.toSorted()).toEqual(["digits", "mail", "mail-attention", "tags", "times"]);
});

test("a rejected version says why, to its operator as well", async () => {
  await new RegistryClient(tenant.owner).register("broken", tinyFile("sum").slice(0, 40));
  const own = (await operator.ask(hosted, { owner: "TENANT" })).data.hostedModels.nodes;
  const broken = own.find(({ name }: Named) => name === "broken");
  expect(broken.versions[0]).toMatchObject({ state: "REJECTED" });
  expect(broken.versions[0].stateReason).toMatch(/\w+/);
});

const offers = '{ model(name: "tags") { offers { isToAll tenantCount tenants { id name } } } }';

test("an operator sees to whom a model of the platform is offered; a tenant does not", async () => {
  expect((await operator.ask(offers)).data.model.offers).toEqual({ isToAll: true, tenantCount: 0, tenants: [] });
  await operator.ask('mutation($id: ID!) { offerModel(input: { model: "tags", tenantId: $id }) { id } }', {
    id: tenant.id,
  });
  await operator.ask('mutation { withdrawModel(input: { model: "tags" }) { id } }');
  expect((await operator.ask(offers)).data.model.offers).toEqual({
    isToAll: false,
    tenantCount: 1,
    tenants: [{ id: tenant.id, name: "Harbour" }],
  });
  expect((await tenant.owner.ask(offers)).data.model.offers).toBeNull();
});

test("the guard of an alias is told to the model's owner, and that of the platform's to no tenant", async () => {
  const targets = [
    { version: 1, weight: 95 },
    { version: 2, weight: 5 },
  ];
  await new RegistryClient(tenant.owner).point({
    model: "times",
    alias: "stable",
    targets,
    guard: { maxErrorRate: 0.1 },
  });
  const guard = "guard { minRequests windowSeconds maxErrorRate maxP99Ratio maxDisagreement }";
  const ask = `query($name: String!) { model(name: $name) { aliases { ${guard} } } }`;
  expect((await tenant.owner.ask(ask, { name: "times" })).data.model.aliases).toEqual([
    { guard: { minRequests: 50, windowSeconds: 300, maxErrorRate: 0.1, maxP99Ratio: null, maxDisagreement: null } },
  ]);
  await operator.ask(`mutation($input: PointAliasInput!) { pointAlias(input: $input) { revision } }`, {
    input: { model: "digits", alias: "stable", targets: [{ version: 1, weight: 1 }], guard: { maxErrorRate: 0.1 } },
  });
  expect((await tenant.owner.ask(ask, { name: "digits" })).data.model.aliases).toEqual([{ guard: null }]);
  expect((await operator.ask(ask, { name: "digits" })).data.model.aliases[0].guard.maxErrorRate).toBe(0.1);
});
