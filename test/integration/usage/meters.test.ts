import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ChargeStore } from "../../../src/domains/usage/charge.store.ts";
import { chargeRequestOf, kindsOf } from "../../support/charge-request.ts";
import { type LedgerHouse, openLedgerHouse } from "../../support/ledger-house.ts";
import { openPlanDesk, type PlanDesk, quotaRow } from "../../support/plan-desk.ts";

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

describe("compute", () => {
  const compute = (quantity: number) => quotaRow(quantity, { meter: "compute_ms" });

  test("is reserved at its most and settled to what was measured, so a quota of it is never overshot", async () => {
    const tenant = await desk.createTenant({
      prices: [{}, { meter: "compute_ms", unitPriceMicros: 7 }],
      limits: [compute(10_000)],
    });
    const request = chargeRequestOf(tenant, 1, { computeUs: 6_000 });
    const [verdict] = await store.charge([request]);
    expect(verdict).toMatchObject({
      isLeased: false,
      charged: [{ meter: "inputs" }, { meter: "compute_ms", quantity: 6_000n, amountMicros: 42n }],
    });
    expect(kindsOf(await charge(tenant, [1], { computeUs: 6_000 }))).toEqual(["QUOTA_EXCEEDED"]);
    const settlement = { tenantId: tenant, usageEventId: request.usageEventId, computeUs: 1_500 };
    // 10.5 is half way, and goes to the even one.
    const settled = { meter: "compute_ms", quantity: 1_500n, amountMicros: 10n };
    expect(await store.settle([settlement])).toEqual([settled]);
    expect(await store.settle([{ ...settlement, computeUs: 3 }])).toEqual([settled]);
    expect(kindsOf(await charge(tenant, [1], { computeUs: 6_000 }))).toEqual(["ADMITTED"]);
    expect(await house.drift()).toEqual([]);
  });

  test("that took more than was reserved is charged as reserved", async () => {
    const tenant = await desk.createTenant({ prices: [{}, { meter: "compute_ms", unitPriceMicros: 7 }], limits: [] });
    const request = chargeRequestOf(tenant, 1, { computeUs: 2_000 });
    await store.charge([request]);
    const settlement = { tenantId: tenant, usageEventId: request.usageEventId, computeUs: 9_000 };
    expect(await store.settle([settlement])).toEqual([{ meter: "compute_ms", quantity: 2_000n, amountMicros: 14n }]);
  });

  test("of work that failed is taken back whole, with all other meters, settled or not", async () => {
    const tenant = await desk.createTenant({
      prices: [{}, { meter: "compute_ms", unitPriceMicros: 7 }, { meter: "tokens", unitPriceMicros: 3 }],
      limits: [compute(100_000)],
    });
    for (const isSettled of [false, true]) {
      const request = chargeRequestOf(tenant, 1, { computeUs: 6_000, tokens: 5 });
      await store.charge([request]);
      const { usageEventId } = request;
      if (isSettled) await store.settle([{ tenantId: tenant, usageEventId, computeUs: 1_500 }]);
      const reversal = { tenantId: tenant, usageEventId, reason: "MODEL_FAILED" as const };
      await store.reverse([reversal, reversal]);
    }
    const rows = await house.sql(
      "select sum(quantity)::int as quantity, sum(amount_micros)::int as amount from usage_events where tenant_id = $1 group by meter",
      [tenant],
    );
    expect(rows).toEqual(Array.from({ length: 3 }, () => ({ quantity: 0, amount: 0 })));
    expect(await house.drift()).toEqual([]);
  });
});

describe("a price", () => {
  test("of the model goes before that of all, and the two are counted apart", async () => {
    const tenant = await desk.createTenant({
      prices: [
        { unitPriceMicros: 5, included: 2 },
        { unitPriceMicros: 9, included: 1, modelId: "mod_a" },
      ],
      limits: [],
    });
    const verdicts = await store.charge([
      chargeRequestOf(tenant, 3, { modelId: "mod_a" }),
      chargeRequestOf(tenant, 3, { modelId: "mod_b" }),
      chargeRequestOf(tenant, 3, { modelId: "mod_c" }),
    ]);
    expect(verdicts).toMatchObject([18n, 5n, 15n].map((amountMicros) => ({ charged: [{ amountMicros }] })));
    expect(await house.drift()).toEqual([]);
  });
});

describe("a period that was closed", () => {
  test("takes no more: a correction of it is dated in the next, marked late, and gives no quota back there", async () => {
    const tenant = await desk.createTenant({
      prices: [{ unitPriceMicros: 5, included: 2 }],
      limits: [quotaRow(10, { period: "DAY" })],
    });
    const request = chargeRequestOf(tenant, 6);
    await store.charge([request, chargeRequestOf(tenant, 1)]);
    await house.sql("update tenant_ledgers set closed_until = (period_of(now(), 1)).ends_at where tenant_id = $1", [
      tenant,
    ]);
    await charge(tenant, [10]);
    await store.reverse([{ tenantId: tenant, usageEventId: request.usageEventId, reason: "MODEL_FAILED" }]);
    expect(kindsOf(await charge(tenant, [1]))).toEqual(["QUOTA_EXCEEDED"]);
    const rows = await house.sql(
      `select quantity::int, amount_micros::int as amount, is_late,
              occurred_at >= (period_of(now(), 1)).ends_at as is_next, period_starts_at >= (period_of(now(), 1)).ends_at as counts_next
         from usage_events where tenant_id = $1 order by recorded_at, quantity desc`,
      [tenant],
    );
    expect(rows).toEqual([
      { quantity: 6, amount: 20, is_late: false, is_next: false, counts_next: false },
      { quantity: 1, amount: 5, is_late: false, is_next: false, counts_next: false },
      { quantity: 10, amount: 40, is_late: false, is_next: true, counts_next: true },
      // Of the 7 of that period one is left, which is included.
      { quantity: -6, amount: -25, is_late: true, is_next: true, counts_next: false },
    ]);
    expect(await house.drift()).toEqual([]);
    await house.rebuild();
    expect(await house.drift()).toEqual([]);
  });
});
