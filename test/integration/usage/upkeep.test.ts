import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ChargeStore } from "../../../src/domains/usage/charge.store.ts";
import { DriftStore } from "../../../src/domains/usage/drift.store.ts";
import { DriftWatch } from "../../../src/domains/usage/drift-watch.ts";
import { RetentionStore } from "../../../src/domains/usage/retention.store.ts";
import { createLogger } from "../../../src/platform/logger.ts";
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

describe("the drift watch", () => {
  const dayMs = 86_400_000;

  test("finds rollups of now and of earlier days, and counters, that differ, and sees that they are mended", async () => {
    const tenant = await house.createTenant({ quota: 100 });
    await store.charge([chargeRequestOf(tenant, 3)]);
    const found: number[] = [];
    const watch = new DriftWatch({
      store: new DriftStore(house.database),
      logger: createLogger("silent"),
      onDrift: (numbers) => found.push(numbers),
    });
    const look = async (at = Date.now()) => {
      await watch.look(new Date(at));
      return found.at(-1);
    };
    expect(await look()).toBe(0);
    await house.sql("update usage_hourly set amount_micros = amount_micros + 1 where tenant_id = $1", [tenant]);
    // The rollup, and with it what the amounts must be; and the counters, which the rollup no longer adds up to.
    expect(await look()).toBeGreaterThanOrEqual(2);
    await house.rebuild();
    await store.charge([chargeRequestOf(tenant, 1)]);
    expect(await look()).toBe(0);
    await house.sql("update usage_counters set quantity = quantity + 5 where tenant_id = $1 and plan_version_id = ''", [
      tenant,
    ]);
    expect(await look()).toBe(1);
    await house.rebuild();
    await house.sql("update usage_hourly set quantity = quantity + 1 where tenant_id = $1", [tenant]);
    // Seen from the day after, it is the one day back at which the watch stands in turn.
    const fresh = new DriftWatch({
      store: new DriftStore(house.database),
      logger: createLogger("silent"),
      onDrift: (numbers) => found.push(numbers),
    });
    await fresh.look(new Date(Date.now() + dayMs));
    expect(found.at(-1)).toBeGreaterThanOrEqual(1);
    await house.rebuild();
  });
});

describe("retention", () => {
  const monthsHere = async () =>
    (
      await house.sql(
        "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'usage_events'::regclass",
      )
    )
      .map((row) => String(row.name).slice(-7))
      .filter((month) => month < "2025");

  test("drops old months once they are invoiced, keeps their rollups, and leaves younger ones", async () => {
    const [tenant, other] = [await house.createTenant({ quota: 9 }), await house.createTenant({ quota: 9 })];
    for (const month of ["2023-01-01", "2023-02-01", "2023-03-01"])
      await house.sql("select make_usage_month($1)", [month]);
    for (const [id, at] of [
      [tenant, "2023-01-05T10:30:00Z"],
      [other, "2023-02-05T10:30:00Z"],
    ]) {
      await house.sql(
        `insert into usage_hourly (tenant_id, hour, meter, model_id, model_version_id, api_key_id, plan_version_id, quantity, amount_micros, events)
         values ($1, date_trunc('hour', $2::timestamptz, 'UTC'), 'inputs', 'mod', 'mdv', 'key', 'plv', 1, 1, 1)`,
        [id, at],
      );
    }
    const retention = new RetentionStore(house.database);
    // Nothing was used in March, so nothing of it is to be invoiced.
    expect(await retention.dropOldMonths(25)).toEqual(["2023-03"]);
    await house.sql("update tenant_ledgers set closed_until = '2023-02-01' where tenant_id in ($1, $2)", [
      tenant,
      other,
    ]);
    expect(await retention.dropOldMonths(25)).toEqual(["2023-01"]);
    expect(await monthsHere()).toEqual(["2023_02"]);
    await house.sql("update tenant_ledgers set closed_until = '2023-04-01' where tenant_id = $1", [other]);
    expect(await retention.dropOldMonths(600)).toEqual([]);
    expect(await retention.dropOldMonths(25)).toEqual(["2023-02"]);
    expect(await house.sql("select 1 from usage_hourly where hour < '2024-01-01'")).toHaveLength(2);
    // They cannot be compared with anything, nor made again, and are left as they are.
    await house.rebuild();
    expect(await house.drift()).toEqual([]);
    expect(await house.sql("select 1 from usage_hourly where hour < '2024-01-01'")).toHaveLength(2);
  });

  test("never drops what is young, whatever it is asked", async () => {
    const drop = house.database.systemSql({ text: "select drop_usage_month(date_trunc('month', now())::date)" });
    await expect(drop).rejects.toThrow(/too young/);
  });

  test("forgets counters of periods that are over, and nothing is lost by it", async () => {
    const tenant = await house.createTenant({ quota: 10 });
    await store.charge([chargeRequestOf(tenant, 4)]);
    await house.sql(
      "update usage_counters set period_starts_at = period_starts_at - interval '90 days' where tenant_id = $1",
      [tenant],
    );
    await new RetentionStore(house.database).forgetOldCounters();
    expect(await house.sql("select 1 from usage_counters where tenant_id = $1", [tenant])).toEqual([]);
    const verdicts = await store.charge([chargeRequestOf(tenant, 7), chargeRequestOf(tenant, 6)]);
    expect(verdicts.map((verdict) => verdict.kind)).toEqual(["QUOTA_EXCEEDED", "ADMITTED"]);
  });
});
