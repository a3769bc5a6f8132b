import { afterAll, beforeAll, expect, test } from "vitest";
import { ReconciliationStore } from "../../../src/domains/billing/reconciliation.store.ts";
import { type BillingHouse, by, openBillingHouse } from "../../support/billing-house.ts";
import { Callers, disagreements } from "../../support/callers.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { eventually } from "../../support/eventually.ts";
import { GatewayProcess } from "../../support/gateway-process.ts";
import { openTenantHouse, type TenantHouse } from "../../support/tenant-house.ts";

let database: TestDatabase;
let tenants: TenantHouse;
let house: BillingHouse;

beforeAll(async () => {
  database = await createTestDatabase();
  tenants = await openTenantHouse(database);
  house = await openBillingHouse(database);
});

afterAll(async () => {
  GatewayProcess.killAll();
  await house.close();
  await tenants.close();
});

test("of requests on two gateways over a month's end, while its invoice is issued, each is in one month and none in none", async () => {
  const tenant = await tenants.createTenant();
  const gateways = [
    await GatewayProcess.start({ DATABASE_URL: database.url }),
    await GatewayProcess.start({ DATABASE_URL: database.url }),
  ];
  // The ledger's clock runs as the real one does, from shortly before the end of this month on.
  const now = new Date();
  const end = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1));
  await house.runFrom(new Date(end.getTime() - 3_000));
  const callers = new Callers(tenant.apiKey);
  const load = gateways.map(({ url }) => callers.keepAsking(url, 12));

  // Asked for again and again, from before the end on: it is refused until the month is over, and then closes it under load.
  const hurried = house.serviceWith({ graceMs: 0 });
  const inMonth = new Date(end.getTime() - 1);
  const invoice = await eventually(
    () => hurried.issue({ tenantId: tenant.id, wanted: inMonth, ...by }).catch(() => undefined),
    { withinMs: 60_000, what: "the month's invoice" },
  );
  const heldAtIssue = callers.held.length;
  await eventually(() => callers.held.length > heldAtIssue + 50, {
    withinMs: 60_000,
    what: "50 answers in the new month",
  });
  for (const one of load) await one.stop();

  const rows = await house.sql(
    `select occurred_at < $2 as is_before, sum(quantity)::int as quantity, count(*)::int as events
       from usage_events where tenant_id = $1 group by 1`,
    [tenant.id, end],
  );
  const [before, after] = [true, false].map((isBefore) => rows.find((row) => row.is_before === isBefore));
  expect(before?.quantity).toBeGreaterThan(0);
  expect(after?.quantity).toBeGreaterThan(0);
  expect(invoice.lines.map((line) => line.quantity)).toEqual([BigInt(before?.quantity)]);
  const draft = await hurried.draft(tenant.id);
  expect(draft.lines.map((line) => line.quantity)).toEqual([BigInt(after?.quantity)]);
  expect(await disagreements(tenants.sql, tenant.id, callers.held)).toEqual([]);
  const reconciliation = new ReconciliationStore(house.database);
  for (const month of [inMonth, end]) {
    expect((await reconciliation.reconcile(tenant.id, month))?.differences).toEqual([]);
  }
  expect(await tenants.drift()).toEqual([]);

  // What is taken back now belongs to a month that is closed: it goes into the new one, marked, and the invoice stays.
  const [event] = await house.sql(
    "select id from usage_events where tenant_id = $1 and occurred_at < $2 and idempotency_key is null limit 1",
    [tenant.id, end],
  );
  await house.sql("select reverse_usage($1, 'gtw_test')", [
    JSON.stringify([{ tenant_id: tenant.id, event_id: event?.id, reason: "MODEL_FAILED" }]),
  ]);
  const late = (await hurried.draft(tenant.id)).lines.filter(({ kind }) => kind === "LATE_USAGE");
  expect(late.map(({ quantity, amountMicros, endsAt }) => [quantity, amountMicros, endsAt])).toEqual([
    [-1n, -100n, end],
  ]);
  for (const month of [inMonth, end]) {
    expect((await reconciliation.reconcile(tenant.id, month))?.differences).toEqual([]);
  }
});
