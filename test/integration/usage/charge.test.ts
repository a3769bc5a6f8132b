import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ChargeStore } from "../../../src/domains/usage/charge.store.ts";
import { chargeRequestOf } from "../../support/charge-request.ts";
import { type LedgerHouse, openLedgerHouse } from "../../support/ledger-house.ts";

let house: LedgerHouse;
let store: ChargeStore;

beforeAll(async () => {
  house = await openLedgerHouse();
  store = new ChargeStore(house.database, "gtw_test");
});

afterAll(async () => {
  await house.close();
});

describe("a charge", () => {
  test("admits what fits the quota, in order, and refuses only what does not: a refusal consumes nothing", async () => {
    const tenant = await house.createTenant({ quota: 10 });
    const verdicts = await store.charge([8, 5, 2, 1].map((quantity) => chargeRequestOf(tenant, quantity)));
    expect(verdicts.map((verdict) => verdict.kind)).toEqual([
      "ADMITTED",
      "QUOTA_EXCEEDED",
      "ADMITTED",
      "QUOTA_EXCEEDED",
    ]);
    expect(await house.eventsOf(tenant)).toEqual([8, 2]);
    expect(await house.usedBy(tenant)).toBe(10);
  });

  test("decides each tenant of a group by itself", async () => {
    const [poor, rich] = [await house.createTenant({ quota: 1 }), await house.createTenant({ quota: 100 })];
    const verdicts = await store.charge([
      chargeRequestOf(poor, 2),
      chargeRequestOf(rich, 2),
      chargeRequestOf(poor, 1),
      chargeRequestOf(rich, 90),
    ]);
    expect(verdicts.map((verdict) => verdict.kind)).toEqual(["QUOTA_EXCEEDED", "ADMITTED", "ADMITTED", "ADMITTED"]);
    expect(await house.usedBy(poor)).toBe(1);
    expect(await house.usedBy(rich)).toBe(92);
  });

  test("refuses a tenant whose plan has no price, and writes nothing", async () => {
    const tenant = await house.createTenant({ plan: "none" });
    expect(await store.charge([chargeRequestOf(tenant, 1)])).toEqual([{ kind: "NO_PLAN" }]);
    expect(await house.eventsOf(tenant)).toEqual([]);
  });

  test("says which limit refused, how much of it is used, and when it starts again", async () => {
    const tenant = await house.createTenant({ quota: 3 });
    const [, verdict] = await store.charge([chargeRequestOf(tenant, 2), chargeRequestOf(tenant, 2)]);
    expect(verdict).toMatchObject({
      kind: "QUOTA_EXCEEDED",
      limit: { kind: "QUOTA", meter: "inputs", limit: 3, used: 2, requested: 2 },
    });
    const now = new Date();
    const nextMonth = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1)).toISOString();
    expect(verdict).toHaveProperty("limit.resetsAt", nextMonth);
  });

  test("takes the second request with an idempotency key for a repeat, in one group and in the next", async () => {
    const tenant = await house.createTenant({ quota: 100 });
    const keyed = () => chargeRequestOf(tenant, 1, { idempotencyKey: "order-1", requestDigest: "d" });
    const first = keyed();
    const [one, two] = await store.charge([first, keyed()]);
    const [three] = await store.charge([keyed()]);
    expect(one).toMatchObject({ kind: "ADMITTED" });
    for (const repeat of [two, three]) {
      expect(repeat).toMatchObject({
        kind: "REPEATED",
        first: { inferenceId: first.inferenceId, holder: "gtw_test", answer: undefined },
      });
    }
    expect(await house.eventsOf(tenant)).toEqual([1]);
  });

  test("leaves no claim to the key of a request that it refused", async () => {
    const tenant = await house.createTenant({ quota: 1 });
    const keyed = (quantity: number) => chargeRequestOf(tenant, quantity, { idempotencyKey: "k", requestDigest: "d" });
    const [refused] = await store.charge([keyed(2)]);
    const [admitted] = await store.charge([keyed(1)]);
    expect([refused?.kind, admitted?.kind]).toEqual(["QUOTA_EXCEEDED", "ADMITTED"]);
  });

  test("tells two tenants' equal idempotency keys apart", async () => {
    const [a, b] = [await house.createTenant({ quota: 9 }), await house.createTenant({ quota: 9 })];
    const verdicts = await store.charge(
      [a, b].map((tenant) => chargeRequestOf(tenant, 1, { idempotencyKey: "same", requestDigest: "d" })),
    );
    expect(verdicts.map((verdict) => verdict.kind)).toEqual(["ADMITTED", "ADMITTED"]);
  });
});

test("a repeat is told the price of the first request, though the plan has another by now, or there is none", async () => {
  const tenant = await house.createTenant({ quota: 100 });
  const keyed = () => chargeRequestOf(tenant, 1, { idempotencyKey: "k", requestDigest: "d" });
  await store.charge([keyed()]);
  const bystander = await house.createTenant({ quota: 1 });
  for (const change of [
    `with next as (insert into plan_versions (id, plan_id, version, currency)
                     select v.id || '2', v.plan_id, 2, v.currency from plan_versions v
                       join subscriptions s on s.plan_version_id = v.id where s.tenant_id = $1
                     returning id),
          price as (insert into plan_prices (plan_version_id, meter, unit_price_micros) select id, 'inputs', 9 from next)
       update subscriptions set plan_version_id = (select id from next) where tenant_id = $1`,
    "delete from subscriptions where tenant_id = $1",
  ]) {
    await house.sql(change, [tenant]);
    const [repeat, other] = await store.charge([keyed(), chargeRequestOf(bystander, 5)]);
    expect(repeat).toMatchObject({
      kind: "REPEATED",
      first: { charged: [{ meter: "inputs", quantity: 1n, amountMicros: 250n }] },
    });
    expect(other).toMatchObject({ kind: "QUOTA_EXCEEDED" });
  }
});

describe("a reversal", () => {
  test("gives the quota back, once, however often it is asked", async () => {
    const tenant = await house.createTenant({ quota: 10 });
    const request = chargeRequestOf(tenant, 4);
    await store.charge([request]);
    const reversal = { tenantId: tenant, usageEventId: request.usageEventId, reason: "MODEL_FAILED" as const };
    await Promise.all([store.reverse([reversal, reversal]), store.reverse([reversal])]);
    expect(await house.eventsOf(tenant)).toEqual([4, -4]);
    expect(await house.usedBy(tenant)).toBe(0);
    expect(await house.drift()).toEqual([]);
  });

  test("of a charge that has not come yet refuses it when it comes, and no other", async () => {
    const tenant = await house.createTenant({ quota: 10 });
    const late = chargeRequestOf(tenant, 1, { idempotencyKey: "k", requestDigest: "d" });
    await store.reverse([{ tenantId: tenant, usageEventId: late.usageEventId, reason: "OUTCOME_UNKNOWN" }]);
    expect(await house.eventsOf(tenant)).toEqual([]);
    const verdicts = await store.charge([
      late,
      chargeRequestOf(tenant, 2, { idempotencyKey: "k", requestDigest: "d" }),
    ]);
    expect(verdicts.map((verdict) => verdict.kind)).toEqual(["ABANDONED", "ADMITTED"]);
    expect(await house.eventsOf(tenant)).toEqual([2]);
    expect(await house.sql("select 1 from abandoned_charges where tenant_id = $1", [tenant])).toEqual([]);
  });

  test("frees the idempotency key, so that its repeat is charged anew", async () => {
    const tenant = await house.createTenant({ quota: 10 });
    const keyed = () => chargeRequestOf(tenant, 1, { idempotencyKey: "k", requestDigest: "d" });
    const first = keyed();
    await store.charge([first]);
    await store.reverse([{ tenantId: tenant, usageEventId: first.usageEventId, reason: "MODEL_FAILED" }]);
    const [again] = await store.charge([keyed()]);
    expect(again?.kind).toBe("ADMITTED");
    expect(await house.usedBy(tenant)).toBe(1);
  });

  test("leaves the charge of a key that another gateway has taken over: somebody will hold that answer", async () => {
    const tenant = await house.createTenant({ quota: 10 });
    const first = chargeRequestOf(tenant, 1, { idempotencyKey: "k", requestDigest: "d" });
    await store.charge([first]);
    await house.sql("update idempotency_keys set holder = 'gtw_other' where tenant_id = $1", [tenant]);
    await store.reverse([{ tenantId: tenant, usageEventId: first.usageEventId, reason: "DEADLINE_EXCEEDED" }]);
    expect(await house.eventsOf(tenant)).toEqual([1]);
  });
});

describe("the ledger", () => {
  test("takes no update and no delete from the application's roles", async () => {
    for (const text of ["update usage_events set quantity = 0", "delete from usage_events", "truncate usage_events"]) {
      await expect(house.database.systemSql({ text })).rejects.toThrow("permission denied");
      await expect(house.database.tenantSql("ten_x", { text })).rejects.toThrow("permission denied");
    }
  });

  test("shows drift when a counter or a rollup is touched, and rebuilds both to the same numbers", async () => {
    const tenant = await house.createTenant({ quota: 100 });
    await store.charge([
      chargeRequestOf(tenant, 3),
      chargeRequestOf(tenant, 4, { apiKeyId: undefined, userId: "usr_test" }),
    ]);
    await house.sql("update usage_counters set quantity = quantity + 1 where tenant_id = $1 and plan_version_id = ''", [
      tenant,
    ]);
    await house.sql(
      "update usage_hourly set quantity = quantity - 1, events = events + 2 where tenant_id = $1 and api_key_id = ''",
      [tenant],
    );
    const drift = await house.drift();
    expect(drift.map(({ table, cached, recomputed }) => [table, cached, recomputed])).toEqual([
      ["usage_counters", 8n, 7n],
      ["usage_hourly", 3n, 1n],
      ["usage_hourly", 3n, 4n],
    ]);
    await house.rebuild();
    expect(await house.drift()).toEqual([]);
    const verdicts = await store.charge([chargeRequestOf(tenant, 93), chargeRequestOf(tenant, 1)]);
    expect(verdicts.map((verdict) => verdict.kind)).toEqual(["ADMITTED", "QUOTA_EXCEEDED"]);
  });
});
