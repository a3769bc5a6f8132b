import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { SubscriptionStore } from "../../../src/domains/tenants/subscription.store.ts";
import { openDatabase } from "../../../src/platform/database.ts";
import { Callers, disagreements } from "../../support/callers.ts";
import { eventually } from "../../support/eventually.ts";
import { GatewayProcess } from "../../support/gateway-process.ts";
import { openPlanDesk } from "../../support/plan-desk.ts";
import { openTenantHouse, type TenantHouse } from "../../support/tenant-house.ts";

let house: TenantHouse;

beforeAll(async () => {
  house = await openTenantHouse();
  // The real clock, moved by as much as the test says: so a month ends when it is wanted.
  await house.sql("create table clock_offset (by interval not null)");
  await house.sql("insert into clock_offset values ('0')");
  await house.sql("grant select on clock_offset to tollgate_system, tollgate_app");
  await house.sql(
    "create or replace function tollgate_now() returns timestamptz language sql volatile as 'select clock_timestamp() + by from clock_offset'",
  );
});

afterEach(() => GatewayProcess.killAll());

afterAll(async () => {
  await house.close();
});

const monthAfter = "date_trunc('month', now() at time zone 'UTC') + interval '1 month'";

/** Sets the ledger's clock to a moment next month's beginning is measured from. */
const setClock = (seconds: number) =>
  house.sql(
    `update clock_offset set by = ((${monthAfter}) at time zone 'UTC') + make_interval(secs => $1) - clock_timestamp()`,
    [seconds],
  );

async function startTwo(): Promise<GatewayProcess[]> {
  return [
    await GatewayProcess.start({ DATABASE_URL: house.url }),
    await GatewayProcess.start({ DATABASE_URL: house.url }),
  ];
}

describe("under load on two gateways,", () => {
  test("a month's end and a clock that is stepped back leave no request in two periods or in none", async () => {
    const tenant = await house.createTenant();
    const gateways = await startTwo();
    const callers = new Callers(tenant.apiKey);
    await setClock(-3);
    const loads = gateways.map((gateway) => callers.keepAsking(gateway.url, 8));
    const countOf = async (where: string) =>
      Number(
        (await house.sql(`select count(*) from usage_events where tenant_id = $1 and ${where}`, [tenant.id]))[0]?.[
          "count"
        ],
      );
    const boundary = `(${monthAfter}) at time zone 'UTC'`;
    await eventually(async () => (await countOf(`occurred_at >= ${boundary}`)) > 50, {
      withinMs: 60_000,
      what: "the next month",
    });
    // Closed as by an invoice; then the clock goes back into the month that is closed.
    await house.sql(`update tenant_ledgers set closed_until = ${boundary} where tenant_id = $1`, [tenant.id]);
    const before = await countOf(`occurred_at < ${boundary}`);
    await setClock(-3_600);
    const held = callers.held.length;
    await eventually(() => callers.held.length > held + 100, { withinMs: 60_000, what: "answers after the step back" });
    for (const load of loads) await load.stop();

    expect(before).toBeGreaterThan(0);
    expect(await countOf(`occurred_at < ${boundary}`)).toBe(before);
    expect(callers.codes).toEqual([]);
    expect(await disagreements(house.sql, tenant.id, callers.held)).toEqual([]);
    expect(await countOf("period_starts_at <> (period_of(occurred_at, 1)).starts_at")).toBe(0);
    // Time in the ledger only goes forward.
    const [order] = await house.sql(
      `select count(*) filter (where occurred_at < earlier) as backwards
         from (select occurred_at, lag(occurred_at) over (order by recorded_at) as earlier from usage_events where tenant_id = $1) e`,
      [tenant.id],
    );
    expect(order).toEqual({ backwards: "0" });
    expect(await house.drift()).toEqual([]);
    expect(await Promise.all(gateways.map((gateway) => gateway.stop()))).toEqual([0, 0]);
  });

  test("changes of plan leave every request on the plan that ran when it was charged, and on no other", async () => {
    await setClock(5);
    const tenant = await house.createTenant();
    const desk = openPlanDesk(house.sql);
    const names: string[] = [];
    for (const unitPriceMicros of [3, 5]) {
      const version = await desk.createPlan({ prices: [{ unitPriceMicros }], limits: [] });
      const [plan] = await house.sql(
        "with moved as (update plan_versions set currency = 'USD' where id = $1 returning plan_id) select name from plans where id = (select plan_id from moved)",
        [version],
      );
      names.push(plan?.["name"]);
    }
    const gateways = await startTwo();
    const callers = new Callers(tenant.apiKey);
    const loads = gateways.map((gateway) => callers.keepAsking(gateway.url, 8));
    const database = await openDatabase(house.url);
    const store = new SubscriptionStore(database);
    for (let turn = 0; turn < 12; turn++) {
      const held = callers.held.length;
      // Two who change at once, one of them through each: the second meets what the first left.
      const changed = await Promise.all(
        names.map((planName) =>
          store.change({
            tenantId: tenant.id,
            planName,
            when: "NOW",
            selfServiceOnly: false,
            actorId: "test",
            requestId: undefined,
          }),
        ),
      );
      expect(changed.map(({ outcome }) => outcome)).toEqual(["CHANGED", "CHANGED"]);
      await eventually(() => callers.held.length > held + 10, { withinMs: 30_000, what: "answers on the new plan" });
    }
    for (const load of loads) await load.stop();
    await database.close();

    expect(callers.codes).toEqual([]);
    expect(await disagreements(house.sql, tenant.id, callers.held)).toEqual([]);
    const [wrong] = await house.sql(
      `select count(*) as events from usage_events e
         where e.tenant_id = $1 and (
           select count(*) from subscriptions s
             where s.tenant_id = e.tenant_id and s.plan_version_id = e.plan_version_id
               and s.starts_at <= e.occurred_at and (s.ends_at is null or s.ends_at > e.occurred_at)) <> 1`,
      [tenant.id],
    );
    expect(wrong).toEqual({ events: "0" });
    const used = await house.sql("select distinct plan_version_id from usage_events where tenant_id = $1", [tenant.id]);
    expect(used.length).toBeGreaterThanOrEqual(2);
    expect(await house.drift()).toEqual([]);
    expect(await Promise.all(gateways.map((gateway) => gateway.stop()))).toEqual([0, 0]);
  });
});

test("a lease that a kill -9 left behind is lost until it expires, and no longer", async () => {
  await house.sql("update clock_offset set by = '0'");
  const tenant = await house.createTenant();
  await openPlanDesk(house.sql).setTenantLimit(tenant.id, { kind: "CONCURRENCY_LIMIT", quantity: 2 });
  const [dying, living] = await startTwo();
  if (dying === undefined || living === undefined) throw new Error("two were started");
  const callers = new Callers(tenant.apiKey);
  const load = callers.keepAsking(dying.url, 8, { deadlineMs: 1_000 });
  await eventually(() => callers.held.length > 20, { withinMs: 30_000, what: "answers" });
  await dying.kill();
  await load.stop();
  const leases = async () =>
    (await house.sql("select 1 from concurrency_leases where tenant_id = $1 and expires_at > now()", [tenant.id]))
      .length;
  // Two at the most were at work when it died; when their time is over, two are let in again.
  expect(await leases()).toBeLessThanOrEqual(2);
  await eventually(async () => (await leases()) === 0, { withinMs: 10_000, what: "the leases expire" });
  const after = new Callers(tenant.apiKey);
  await after.ask(living.url);
  await after.ask(living.url);
  expect(after.codes).toEqual([]);
  expect(await living.stop()).toBe(0);
});
