import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestGateway, type TestGateway, type TestTenant } from "../../support/gateway.ts";
import type { GraphqlClient } from "../../support/graphql-client.ts";
import { greySquare } from "../../support/people.ts";

let gateway: TestGateway;
let operator: GraphqlClient;
let tenant: TestTenant;

beforeAll(async () => {
  gateway = await startTestGateway();
  operator = await gateway.createOperator();
  tenant = await gateway.createTenant();
});

afterAll(async () => {
  await gateway.close();
});

const fields = "{ lookedAt caches { cache numbers } examples { cache tenantId row cached recomputed } }";

test("a gateway that has not looked yet says so; asked to look, it tells what differs, in which cache, and by how much", async () => {
  expect((await operator.ask(`{ ledgerDrift ${fields} }`)).data.ledgerDrift).toEqual({
    lookedAt: null,
    caches: [
      { cache: "HOURLY_USAGE", numbers: 0 },
      { cache: "COUNTERS", numbers: 0 },
      { cache: "AMOUNTS", numbers: 0 },
    ],
    examples: [],
  });
  await tenant.key.infer({ model: "digits", inputs: [greySquare] });
  const clean = (await operator.ask(`mutation { lookForDrift ${fields} }`)).data.lookForDrift;
  expect(Date.parse(clean.lookedAt)).toBeGreaterThan(Date.now() - 60_000);
  expect(clean.examples).toEqual([]);

  await gateway.sql("update usage_hourly set events = events + 2 where tenant_id = $1 and meter = 'inputs'", [
    tenant.id,
  ]);
  const drifted = (await operator.ask(`mutation { lookForDrift ${fields} }`)).data.lookForDrift;
  expect(drifted.caches[0]).toEqual({ cache: "HOURLY_USAGE", numbers: 1 });
  expect(drifted.examples).toMatchObject([
    { cache: "HOURLY_USAGE", tenantId: tenant.id, cached: "3", recomputed: "1" },
  ]);
  expect((await operator.ask(`{ ledgerDrift ${fields} }`)).data.ledgerDrift).toEqual(drifted);
});

test("a tenant's owner may neither see it nor have it looked for", async () => {
  for (const operation of [`{ ledgerDrift ${fields} }`, `mutation { lookForDrift ${fields} }`]) {
    const { errors } = await tenant.owner.send(operation);
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(["FORBIDDEN"]);
  }
});
