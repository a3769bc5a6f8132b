import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ChargeStore } from "../../../src/domains/usage/charge.store.ts";
import { chargeRequestOf, kindsOf } from "../../support/charge-request.ts";
import { type LedgerHouse, openLedgerHouse } from "../../support/ledger-house.ts";
import { type LimitRow, openPlanDesk, type PlanDesk, quotaRow } from "../../support/plan-desk.ts";

let house: LedgerHouse;
let desk: PlanDesk;
let store: ChargeStore;

beforeAll(async () => {
  house = await openLedgerHouse();
  desk = openPlanDesk(house.sql);
  store = new ChargeStore(house.database, "gtw_test");
});

afterAll(async () => {
  await house.close();
});

const charge = (tenant: string, quantities: number[], rest = {}) =>
  store.charge(quantities.map((quantity) => chargeRequestOf(tenant, quantity, rest)));

describe("a quota", () => {
  test("of each key counts every key by itself, and signed-in users in none", async () => {
    const tenant = await desk.createTenant({ limits: [quotaRow(3, { appliesTo: "EACH_KEY" })] });
    expect(kindsOf(await charge(tenant, [2, 2, 1], { apiKeyId: "key_a" }))).toEqual([
      "ADMITTED",
      "QUOTA_EXCEEDED",
      "ADMITTED",
    ]);
    expect(kindsOf(await charge(tenant, [3, 1], { apiKeyId: "key_b" }))).toEqual(["ADMITTED", "QUOTA_EXCEEDED"]);
    expect(kindsOf(await charge(tenant, [9], { apiKeyId: undefined, userId: "usr_a" }))).toEqual(["ADMITTED"]);
  });

  test("of one model leaves the others alone", async () => {
    const tenant = await desk.createTenant({ limits: [quotaRow(1, { modelId: "mod_a" })] });
    expect(kindsOf(await charge(tenant, [1, 1], { modelId: "mod_a" }))).toEqual(["ADMITTED", "QUOTA_EXCEEDED"]);
    expect(kindsOf(await charge(tenant, [5], { modelId: "mod_b" }))).toEqual(["ADMITTED"]);
  });

  test("that comes in the middle of a period counts what was used before it", async () => {
    const tenant = await desk.createTenant({ limits: [] });
    await charge(tenant, [4]);
    await desk.setTenantLimit(tenant, quotaRow(5));
    expect(kindsOf(await charge(tenant, [2, 1]))).toEqual(["QUOTA_EXCEEDED", "ADMITTED"]);
  });

  test("that goes and comes again counts what was used while it was not there", async () => {
    const tenant = await desk.createTenant({ limits: [] });
    await desk.setTenantLimit(tenant, quotaRow(5));
    await charge(tenant, [1]);
    await house.sql("delete from tenant_limits where tenant_id = $1", [tenant]);
    await charge(tenant, [2]);
    await desk.setTenantLimit(tenant, quotaRow(5));
    const [refused, admitted] = await charge(tenant, [3, 2]);
    expect(refused).toMatchObject({ kind: "QUOTA_EXCEEDED", limit: { used: 3 } });
    expect(admitted?.kind).toBe("ADMITTED");
    expect(await house.drift()).toEqual([]);
  });

  test("of tokens refuses by tokens, and records them though nothing prices them", async () => {
    const tenant = await desk.createTenant({ limits: [quotaRow(10, { meter: "tokens" })] });
    const verdicts = await charge(tenant, [1, 1], { tokens: 6 });
    expect(kindsOf(verdicts)).toEqual(["ADMITTED", "QUOTA_EXCEEDED"]);
    expect(verdicts[0]).toMatchObject({
      charged: [
        { meter: "inputs", quantity: 1n },
        { meter: "tokens", quantity: 6n, amountMicros: 0n },
      ],
    });
    expect(verdicts[1]).toMatchObject({ limit: { meter: "tokens", used: 6, limit: 10, requested: 6 } });
  });
});

describe("a budget", () => {
  test("admits exactly what its money buys", async () => {
    const tenant = await desk.createTenant({ limits: [{ kind: "BUDGET", period: "DAY", quantity: 700 }] });
    const verdicts = await charge(tenant, [2, 1, 1]);
    expect(kindsOf(verdicts)).toEqual(["ADMITTED", "BUDGET_EXCEEDED", "BUDGET_EXCEEDED"]);
    expect(verdicts[1]).toMatchObject({ limit: { kind: "BUDGET", limit: 700, used: 500, requested: 250 } });
  });

  test("counts tiers at the price of the quantity that is reached", async () => {
    const tiers = [
      { upTo: 3, unitPriceMicros: 100, flatMicros: 0 },
      { upTo: null, unitPriceMicros: 10, flatMicros: 50 },
    ];
    const price = { scheme: "GRADUATED", tiers, included: 1 };
    const tenant = await desk.createTenant({
      prices: [price],
      limits: [{ kind: "BUDGET", period: "DAY", quantity: 370 }],
    });
    const verdicts = await charge(tenant, [1, 2, 2, 3]);
    expect(kindsOf(verdicts)).toEqual(["ADMITTED", "ADMITTED", "ADMITTED", "BUDGET_EXCEEDED"]);
    const amounts = verdicts.flatMap((verdict) =>
      verdict.kind === "ADMITTED" ? verdict.charged[0]?.amountMicros : [],
    );
    // One is free; two at 100; the third at 100, then the tier's fee and one at 10.
    expect(amounts).toEqual([0n, 200n, 160n]);
    expect(await house.drift()).toEqual([]);
  });
});

describe("a rate limit", () => {
  test("lets its bucket through, says when to come again, and fills by the clock", async () => {
    const limits = [{ kind: "RATE_LIMIT", meter: "inputs", quantity: 10, refillMicros: 2_000_000 }];
    const tenant = await desk.createTenant({ limits });
    const verdicts = await charge(tenant, [8, 4, 2]);
    expect(kindsOf(verdicts)).toEqual(["ADMITTED", "RATE_LIMITED", "ADMITTED"]);
    expect(verdicts[1]).toMatchObject({
      limit: { kind: "RATE_LIMIT", limit: 10, used: 8, requested: 4 },
      retryAfterMs: 1000,
    });
    await house.sql("update rate_buckets set filled_at = filled_at - interval '3 seconds' where tenant_id = $1", [
      tenant,
    ]);
    expect(kindsOf(await charge(tenant, [7, 6]))).toEqual(["RATE_LIMITED", "ADMITTED"]);
  });

  test("refuses for ever what is larger than its bucket", async () => {
    const limits = [{ kind: "RATE_LIMIT", meter: "inputs", quantity: 10, refillMicros: 2_000_000 }];
    const [verdict] = await charge(await desk.createTenant({ limits }), [11]);
    expect(verdict).toMatchObject({ kind: "RATE_LIMITED", retryAfterMs: undefined });
  });

  test("gives nothing while the clock is behind, and goes on from there", async () => {
    const limits = [{ kind: "RATE_LIMIT", meter: "requests", quantity: 2, refillMicros: 1_000_000 }];
    const tenant = await desk.createTenant({ limits });
    expect(kindsOf(await charge(tenant, [50, 50, 50]))).toEqual(["ADMITTED", "ADMITTED", "RATE_LIMITED"]);
    await house.sql("update rate_buckets set filled_at = filled_at + interval '1 hour' where tenant_id = $1", [tenant]);
    expect(kindsOf(await charge(tenant, [1]))).toEqual(["RATE_LIMITED"]);
    await house.sql("update rate_buckets set filled_at = now() - interval '1 second' where tenant_id = $1", [tenant]);
    expect(kindsOf(await charge(tenant, [1, 1]))).toEqual(["ADMITTED", "RATE_LIMITED"]);
  });
});

describe("a concurrency limit", () => {
  const limits = [{ kind: "CONCURRENCY_LIMIT", quantity: 2 }];
  const lease = { leaseMs: 60_000 };

  test("counts those at work: what is settled or taken back makes room, and only once", async () => {
    const tenant = await desk.createTenant({ limits });
    const [first, second, third] = [1, 1, 1].map((quantity) => chargeRequestOf(tenant, quantity, lease));
    if (first === undefined || second === undefined || third === undefined) throw new Error("three were made");
    expect(kindsOf(await store.charge([first, second, third]))).toEqual([
      "ADMITTED",
      "ADMITTED",
      "CONCURRENCY_LIMITED",
    ]);
    const released = { tenantId: tenant, usageEventId: first.usageEventId };
    const next = [1, 1].map((quantity) => chargeRequestOf(tenant, quantity, lease));
    expect(kindsOf(await store.charge(next, [released, released]))).toEqual(["ADMITTED", "CONCURRENCY_LIMITED"]);
    await store.charge([], [released]);
    expect(kindsOf(await charge(tenant, [1], lease))).toEqual(["CONCURRENCY_LIMITED"]);
    const last = next[0] ?? second;
    await store.settle([{ tenantId: tenant, usageEventId: last.usageEventId, computeUs: 1 }]);
    expect(kindsOf(await charge(tenant, [1, 1], lease))).toEqual(["ADMITTED", "CONCURRENCY_LIMITED"]);
    await store.reverse([{ tenantId: tenant, usageEventId: second.usageEventId, reason: "MODEL_FAILED" }]);
    expect(kindsOf(await charge(tenant, [1, 1], lease))).toEqual(["ADMITTED", "CONCURRENCY_LIMITED"]);
  });

  test("does not count what a crash left behind beyond its time, nor what holds no lease", async () => {
    const tenant = await desk.createTenant({ limits });
    await charge(tenant, [1, 1], lease);
    expect(kindsOf(await charge(tenant, [1]))).toEqual(["ADMITTED"]);
    await house.sql("update concurrency_leases set expires_at = now() where tenant_id = $1", [tenant]);
    expect(kindsOf(await charge(tenant, [1, 1, 1], lease))).toEqual(["ADMITTED", "ADMITTED", "CONCURRENCY_LIMITED"]);
    expect(await house.sql("select 1 from concurrency_leases where tenant_id = $1", [tenant])).toHaveLength(2);
  });

  test("keeps as many places as there were requests at once, and lets go of them when there are few for long", async () => {
    const tenant = await desk.createTenant({ limits: [{ kind: "CONCURRENCY_LIMIT", quantity: 100 }] });
    const places = async () => {
      const [row] = await house.sql(
        `select count(*)::int as places, (count(*) filter (where expires_at > now()))::int as taken
           from concurrency_leases where tenant_id = $1`,
        [tenant],
      );
      return row;
    };
    const work = async (atOnce: number) => {
      const requests = Array.from({ length: atOnce }, () => chargeRequestOf(tenant, 1, lease));
      expect(new Set(kindsOf(await store.charge(requests)))).toEqual(new Set(["ADMITTED"]));
      return requests.map(({ usageEventId }) => ({ tenantId: tenant, usageEventId }));
    };
    let done = await work(100);
    for (let round = 0; round < 3; round++) {
      await store.charge([], done);
      expect(await places()).toEqual({ places: 100, taken: 0 });
      done = await work(40);
      expect(await places()).toEqual({ places: 100, taken: 40 });
    }
    await house.sql("update concurrency_leases set leased_at = leased_at - interval '2 minutes' where tenant_id = $1", [
      tenant,
    ]);
    done.push(...(await work(30)));
    expect(await places()).toEqual({ places: 70, taken: 70 });
    await store.charge([], done);
    await work(1);
    expect(await places()).toEqual({ places: 70, taken: 1 });
  });
});

test("a limit of the inputs of a request refuses larger ones, whatever is left of others", async () => {
  const tenant = await desk.createTenant({ limits: [{ kind: "REQUEST_INPUTS", quantity: 4 }] });
  const [small, large] = await charge(tenant, [4, 5]);
  expect(small?.kind).toBe("ADMITTED");
  expect(large).toMatchObject({ kind: "REQUEST_TOO_LARGE", limit: { limit: 4, requested: 5 } });
});

describe("of several limits that apply", () => {
  test("one that refuses leaves the others as they were: no bucket, lease, counter or key is touched", async () => {
    const tenant = await desk.createTenant({
      limits: [
        quotaRow(1),
        { kind: "RATE_LIMIT", meter: "requests", quantity: 5, refillMicros: 1 },
        { kind: "CONCURRENCY_LIMIT", quantity: 5 },
        { kind: "BUDGET", period: "HOUR", quantity: 100_000 },
      ],
    });
    await charge(tenant, [1], { leaseMs: 60_000 });
    const everything = () =>
      house.sql(
        `select (select jsonb_agg(to_jsonb(c)) from usage_counters c where c.tenant_id = $1) as counters,
                (select jsonb_agg(b.level_micros) from rate_buckets b where b.tenant_id = $1) as buckets,
                (select count(*) from concurrency_leases where tenant_id = $1) as leases,
                (select count(*) from idempotency_keys where tenant_id = $1) as keys,
                (select count(*) from usage_events where tenant_id = $1) as events,
                (select to_jsonb(l) from tenant_ledgers l where l.tenant_id = $1) as ledger`,
        [tenant],
      );
    const before = await everything();
    const refused = await charge(tenant, [1, 2], { leaseMs: 60_000, idempotencyKey: "k", requestDigest: "d" });
    expect(kindsOf(refused)).toEqual(["QUOTA_EXCEEDED", "QUOTA_EXCEEDED"]);
    expect(await everything()).toEqual(before);
  });

  test("the one is named that keeps the caller longest", async () => {
    const limits = [
      { kind: "CONCURRENCY_LIMIT", quantity: 0 },
      { kind: "RATE_LIMIT", meter: "inputs", quantity: 1, refillMicros: 1_000_000 },
      quotaRow(0, { period: "HOUR" }),
      quotaRow(0, { period: "BILLING_PERIOD" }),
      quotaRow(0, { period: "DAY" }),
      { kind: "REQUEST_INPUTS", quantity: 0 },
    ] satisfies LimitRow[];
    const named: unknown[] = [];
    for (let left = limits; left.length > 0; ) {
      const tenant = await desk.createTenant({ limits: left });
      await house.sql(
        "insert into rate_buckets select $1, id, '', 0, now() from plan_limits where kind = 'RATE_LIMIT'",
        [tenant],
      );
      const [verdict] = await charge(tenant, [1], { leaseMs: 1 });
      if (verdict === undefined || !("limit" in verdict)) throw new Error("it was not refused by a limit");
      const { limit } = verdict;
      named.push(limit.period ?? limit.kind);
      left = left.filter((one) => (one.period ?? one.kind) !== (limit.period ?? limit.kind));
    }
    expect(named).toEqual(["REQUEST_INPUTS", "BILLING_PERIOD", "DAY", "HOUR", "RATE_LIMIT", "CONCURRENCY_LIMIT"]);
  });
});

describe("a mode", () => {
  test("SOFT serves what does not fit, and says so", async () => {
    const tenant = await desk.createTenant({ limits: [quotaRow(1, { mode: "SOFT" })] });
    const [fits, over] = await charge(tenant, [1, 2]);
    expect(fits).toMatchObject({ kind: "ADMITTED", softLimits: [] });
    expect(over).toMatchObject({ kind: "ADMITTED", softLimits: [{ kind: "QUOTA", limit: 1 }] });
    expect(await house.usedBy(tenant)).toBe(3);
  });

  test("SHADOW serves what does not fit, and counts it", async () => {
    const tenant = await desk.createTenant({
      limits: [
        quotaRow(1, { mode: "SHADOW" }),
        { kind: "RATE_LIMIT", meter: "requests", quantity: 1, refillMicros: 1, mode: "SHADOW" },
      ],
    });
    const verdicts = await charge(tenant, [1, 2, 3]);
    expect(verdicts).toMatchObject([{ shadowRefusals: 0 }, { shadowRefusals: 2 }, { shadowRefusals: 2 }]);
    const rows = await house.sql("select refusals::int from limit_shadow_refusals where tenant_id = $1", [tenant]);
    expect(rows).toEqual([{ refusals: 2 }, { refusals: 2 }]);
  });
});

describe("alerts", () => {
  const alertsOf = async (tenant: string) =>
    (await house.sql("select threshold from limit_alerts where tenant_id = $1 order by threshold", [tenant])).map(
      (row) => row.threshold,
    );

  test("come once for each threshold that is reached, however often it is", async () => {
    const tenant = await desk.createTenant({ limits: [quotaRow(10)] });
    await charge(tenant, [4]);
    expect(await alertsOf(tenant)).toEqual([]);
    const fifth = chargeRequestOf(tenant, 1);
    await store.charge([fifth]);
    expect(await alertsOf(tenant)).toEqual([50]);
    await store.reverse([{ tenantId: tenant, usageEventId: fifth.usageEventId, reason: "MODEL_FAILED" }]);
    await charge(tenant, [1]);
    expect(await alertsOf(tenant)).toEqual([50]);
    await charge(tenant, [5]);
    expect(await alertsOf(tenant)).toEqual([50, 80, 100]);
  });

  test("do not come of limits that are only watched", async () => {
    const tenant = await desk.createTenant({ limits: [quotaRow(10, { mode: "SHADOW" })] });
    await charge(tenant, [10]);
    expect(await alertsOf(tenant)).toEqual([]);
  });
});

describe("what an operator sets", () => {
  test("takes the place of the plan's limit; what the tenant sets holds beside both", async () => {
    const tenant = await desk.createTenant({ limits: [quotaRow(1)] });
    await desk.setTenantLimit(tenant, quotaRow(5), { replacesPlan: true });
    expect(kindsOf(await charge(tenant, [3]))).toEqual(["ADMITTED"]);
    await desk.setTenantLimit(tenant, quotaRow(4));
    expect(kindsOf(await charge(tenant, [2, 1]))).toEqual(["QUOTA_EXCEEDED", "ADMITTED"]);
  });
});
