import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestGateway, type TestGateway, type TestTenant } from "../../support/gateway.ts";
import type { GraphqlClient } from "../../support/graphql-client.ts";
import { digestOf, itsNumbers, numberInput, numbersOf, RegistryClient, timesFile } from "../../support/registry.ts";

let gateway: TestGateway;
let acme: TestTenant;
let other: TestTenant;
let operator: GraphqlClient;

beforeAll(async () => {
  gateway = await startTestGateway();
  acme = await gateway.createTenant("Acme");
  other = await gateway.createTenant("Other");
  operator = await gateway.createOperator();
});

afterAll(async () => {
  await gateway.close();
});

async function namesFor(client: GraphqlClient): Promise<string[]> {
  const answer = await client.ask("{ models(first: 100) { nodes { name } } }");
  return answer.data.models.nodes.map(({ name }: { name: string }) => name).sort();
}

async function ask(client: GraphqlClient, model: string): Promise<unknown> {
  const answer = await client.infer({ model, inputs: [numberInput(2)] }, `outputs { ${itsNumbers} }`);
  return answer.errors[0]?.extensions.code ?? numbersOf(answer.data.infer.outputs[0])[0];
}

async function offering(mutation: "offerModel" | "withdrawModel", model: string, tenantId?: string) {
  return await operator.send(`mutation($input: OfferModelInput!) { ${mutation}(input: $input) { name } }`, {
    input: { model, tenantId },
  });
}

test("a tenant's own model is its own: nobody else sees, asks or changes it, and nobody learns of it", async () => {
  const registry = new RegistryClient(acme.key);
  const { id } = await registry.register("secret", timesFile(3));
  expect(await ask(acme.key, "secret")).toBe(6);
  expect(await namesFor(acme.owner)).toContain("secret");
  for (const stranger of [other.owner, other.key, operator]) expect(await namesFor(stranger)).not.toContain("secret");
  expect(await ask(other.key, "secret")).toBe("NOT_FOUND");

  const strangers = new RegistryClient(other.owner);
  const asked = (model: string) => [
    strangers.point({ model, alias: "stable", targets: [{ version: 1, weight: 1 }] }),
    strangers.rollBack({ model, alias: "stable" }),
    strangers.retire(model, 1),
    other.owner.send("query($name: String!) { model(name: $name) { id } }", { name: model }),
    other.key.infer({ model, inputs: [numberInput(1)] }),
    other.key.infer({ model, version: 1, inputs: [numberInput(1)] }),
    other.owner.send("query($id: ID!) { node(id: $id) { id } }", {
      id: model === "secret" ? id : id.replace(/.$/, "0"),
    }),
  ];
  const shown = async (model: string) =>
    (await Promise.all(asked(model))).map((answer) =>
      JSON.stringify([answer.status, answer.data, answer.errors]).replaceAll(/req_[0-9a-z]{26}/g, "<request>"),
    );
  expect(await shown("secret")).toEqual(await shown("never"));
});

test("two tenants may have a model of the same name and the same file, and each meets its own", async () => {
  await new RegistryClient(acme.key).register("twin", timesFile(5));
  // It may not name what another has brought: it has to bring it itself.
  const refused = await new RegistryClient(other.key).sendRegister({ model: "twin", digest: digestOf(timesFile(5)) });
  expect(refused.errors.map((error) => error.extensions.code)).toEqual(["NOT_FOUND"]);
  const brought = await new RegistryClient(other.key).put(timesFile(5));
  expect(brought.status).toBe(201); // not 200: as if nobody had brought it before
  await new RegistryClient(other.key).register("twin", timesFile(7));
  expect([await ask(acme.key, "twin"), await ask(other.key, "twin")]).toEqual([10, 14]);
});

test("a model of the platform is seen by the tenants it is offered to, from the moment of the offer to its end", async () => {
  await new RegistryClient(operator).register("chosen", timesFile(11));
  expect(await namesFor(operator)).toContain("chosen");
  const seen = async () => [await ask(acme.key, "chosen"), await ask(other.key, "chosen")];
  expect(await seen()).toEqual(["NOT_FOUND", "NOT_FOUND"]);
  await offering("offerModel", "chosen", acme.id);
  expect(await seen()).toEqual([22, "NOT_FOUND"]);
  await offering("offerModel", "chosen");
  expect(await seen()).toEqual([22, 22]);
  await offering("withdrawModel", "chosen");
  expect(await seen()).toEqual([22, "NOT_FOUND"]);
  await offering("withdrawModel", "chosen", acme.id);
  expect(await seen()).toEqual(["NOT_FOUND", "NOT_FOUND"]);
  const events = await gateway.sql(
    "select action, details->>'to' as who, tenant_id from audit_events where action like 'model.%' order by id",
  );
  expect(events.map(({ action, who }) => [action, who])).toEqual([
    ["model.offered", acme.id],
    ["model.offered", "all"],
    ["model.withdrawn", "all"],
    ["model.withdrawn", acme.id],
  ]);
});

test("an offer to a tenant that is not there is no offer, and tenants offer nothing", async () => {
  expect((await offering("offerModel", "digits", "ten_00000000000000000000000000")).errors[0]?.extensions.code).toBe(
    "NOT_FOUND",
  );
  const own = await acme.owner.send('mutation { offerModel(input: { model: "digits" }) { name } }');
  expect(own.errors.map((error) => error.extensions.code)).toEqual(["FORBIDDEN"]);
});

test("a tenant that took a name before the platform offered it keeps its own behind it", async () => {
  await new RegistryClient(acme.key).register("contested", timesFile(2));
  await new RegistryClient(operator).register("contested", timesFile(13));
  await offering("offerModel", "contested");
  expect([await ask(acme.key, "contested"), await ask(other.key, "contested")]).toEqual([4, 26]);
});

test("behind the wall, the tables show a tenant its own and what it is offered, and nothing else", async () => {
  const { openDatabase } = await import("../../../src/platform/database.ts");
  const database = await openDatabase(gateway.databaseUrl);
  try {
    const namesOf = async (tenantId: string) =>
      (await database.tenantSql(tenantId, { text: "select name from models order by 1" })).map((row) => row["name"]);
    expect(await namesOf(other.id)).toEqual(["contested", "digits", "mail", "mail-attention", "tags", "twin"]);
    for (const table of ["model_versions", "aliases", "alias_revisions"]) {
      const [row] = await database.tenantSql(other.id, {
        text: `select count(*)::int as foreign from ${table} where tenant_id <> $1`,
        values: [other.id],
      });
      expect(row, table).toEqual({ foreign: 0 });
    }
    const [hidden] = await database.tenantSql(other.id, {
      text: "select count(*)::int as count from model_versions v where not exists (select from models m where m.id = v.model_id)",
    });
    expect(hidden).toEqual({ count: 0 });
    expect(await database.tenantSql("", { text: "select from artifacts" })).toEqual([]);
    const steal = database.tenantSql(other.id, {
      text: "update model_versions set state = 'RETIRED' where tenant_id is null",
    });
    await expect(steal).rejects.toThrow(/row-level security/);
  } finally {
    await database.close();
  }
});
