import { afterAll, beforeAll, expect, test } from "vitest";
import { ErrorCountsStore } from "../../../src/domains/usage/error-counts.store.ts";
import { openDatabase } from "../../../src/platform/database.ts";
import { eventually } from "../../support/eventually.ts";
import { startTestGateway, type TestGateway, type TestTenant } from "../../support/gateway.ts";
import { greySquare } from "../../support/people.ts";

let gateway: TestGateway;

const hourMs = 3_600_000;
const errorCounts = `query($input: ErrorCountsInput!) { errorCounts(input: $input) { code summary count lastAt } }`;

interface Counted {
  code: string;
  count: number;
}

const countsOf = async (tenant: TestTenant): Promise<Record<string, number>> => {
  const input = {
    startsAt: new Date(Date.now() - 2 * hourMs).toISOString(),
    endsAt: new Date(Date.now() + hourMs).toISOString(),
  };
  const { data } = await tenant.owner.ask(errorCounts, { input });
  return Object.fromEntries(data.errorCounts.map(({ code, count }: Counted) => [code, count]));
};

beforeAll(async () => {
  gateway = await startTestGateway();
});

afterAll(async () => {
  await gateway.close();
});

test("what a tenant was refused is counted by code on every gateway, in GraphQL and out of it, and told to nobody else", async () => {
  const [tenant, stranger] = [await gateway.createTenant(), await gateway.createTenant("Stranger")];
  const replica = await gateway.addReplica();
  await tenant.owner.ask("mutation($input: SetTenantLimitInput!) { setTenantLimit(input: $input) { id } }", {
    input: { limit: { kind: "QUOTA", meter: "inputs", period: "DAY", limit: 1 } },
  });
  const ask = { model: "digits", inputs: [greySquare] };
  await tenant.key.infer(ask);
  for (let refused = 0; refused < 20; refused++) await tenant.key.infer(ask);
  await gateway.client(tenant.secret, replica).infer(ask);
  await tenant.key.infer({ model: "nothing", inputs: [greySquare] });
  await fetch(`${gateway.url}/invoices/inv_none.pdf`, { headers: { authorization: `Bearer ${tenant.secret}` } });

  const expected = { QUOTA_EXCEEDED: 21, NOT_FOUND: 2 };
  await eventually(async () => JSON.stringify(await countsOf(tenant)) === JSON.stringify(expected), {
    withinMs: 5_000,
    what: "23 errors to be counted",
  });
  expect(await countsOf(stranger)).toEqual({});
  const charged = await gateway.sql("select count(*)::int as events from usage_events where tenant_id = $1", [
    tenant.id,
  ]);
  expect(charged).toEqual([{ events: 1 }]);
});

test("nobody can be counted whom nobody knows, and an operator has no tenant to count for", async () => {
  const operator = await gateway.createOperator();
  await gateway.client("tg_nobody").infer({ model: "digits", inputs: [greySquare] });
  const refused = await operator.refusal(errorCounts, {
    input: { startsAt: new Date(0).toISOString(), endsAt: new Date().toISOString() },
  });
  expect(refused.extensions.code).toBe("FORBIDDEN");
});

test("a period that ends before it starts is refused", async () => {
  const tenant = await gateway.createTenant();
  const input = { startsAt: new Date().toISOString(), endsAt: new Date(0).toISOString() };
  expect((await tenant.owner.refusal(errorCounts, { input })).extensions.code).toBe("INVALID_INPUT");
});

test("errors are forgotten after 35 days", async () => {
  const tenant = await gateway.createTenant();
  await gateway.sql(
    `insert into error_counts values ($1, now() - interval '36 days', 'OVERLOADED', 1, now()), ($1, now() - interval '34 days', 'OVERLOADED', 2, now())`,
    [tenant.id],
  );
  const database = await openDatabase(gateway.databaseUrl);
  await new ErrorCountsStore(database).forgetOld();
  await database.close();
  const left = await gateway.sql("select count::int from error_counts where tenant_id = $1", [tenant.id]);
  expect(left).toEqual([{ count: 2 }]);
});
