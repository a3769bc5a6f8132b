import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newId } from "../../../src/core/ids.ts";
import { UsageSeedStore } from "../../../src/domains/usage/usage-seed.store.ts";
import { seedUsage } from "../../../src/edge/cli/seed-usage.ts";
import { type LedgerHouse, openLedgerHouse } from "../../support/ledger-house.ts";

let house: LedgerHouse;

beforeAll(async () => {
  house = await openLedgerHouse();
  const [model, version] = [newId("model"), newId("modelVersion")];
  await house.sql("insert into models (id, name, description, task) values ($1, 'digits', '', 'TENSOR')", [model]);
  await house.sql(
    "insert into model_versions (id, model_id, version, digest, manifest) values ($1, $2, 1, repeat('0', 64), '{}')",
    [version, model],
  );
});

afterAll(async () => {
  await house.close();
});

const seed = async (argv: string[], options: { isProduction?: boolean } = {}) => {
  const lines: string[] = [];
  const code = await seedUsage(argv, {
    ...{ store: new UsageSeedStore(house.database), now: new Date(), isProduction: false, ...options },
    print: (line) => lines.push(line),
  });
  return { code, lines };
};

describe("seed:usage", () => {
  test("writes as many events as it was asked for, and ledger, rollups and amounts add up", async () => {
    const tenant = await house.createTenant({ quota: 1_000_000 });
    expect(await seed(["--events", "5000", "--tenant", tenant, "--months", "3"])).toMatchObject({ code: 0 });
    const [{ events }] = await house.sql("select count(*)::int as events from usage_events where tenant_id = $1", [
      tenant,
    ]);
    expect(events).toBe(5_000);
    expect(await house.drift()).toEqual([]);
  });

  test("goes on where tiers were left, so a second time adds up too", async () => {
    const tenant = await house.createTenant({ quota: 1_000_000 });
    await house.sql(
      `update plan_prices set scheme = 'GRADUATED', included = 100,
              tiers = '[{"upTo": 1000, "unitPriceMicros": 500, "flatMicros": 7}, {"upTo": null, "unitPriceMicros": 90, "flatMicros": 1000}]'
         where plan_version_id = (select plan_version_id from subscriptions where tenant_id = $1)`,
      [tenant],
    );
    for (let i = 0; i < 2; i++) await seed(["--events", "3000", "--tenant", tenant, "--months", "2"]);
    const [{ prices }] = await house.sql(
      "select count(distinct amount_micros / quantity)::int as prices from usage_events where tenant_id = $1",
      [tenant],
    );
    expect(prices).toBeGreaterThan(2);
    expect(await house.drift()).toEqual([]);
  });

  test("dates nothing into a period that is closed", async () => {
    const tenant = await house.createTenant({ quota: 1_000_000 });
    const closedUntil = new Date(Date.now() - 5 * 86_400_000);
    await house.sql("update tenant_ledgers set closed_until = $2 where tenant_id = $1", [tenant, closedUntil]);
    await seed(["--events", "1000", "--tenant", tenant]);
    const [{ first }] = await house.sql("select min(occurred_at) as first from usage_events where tenant_id = $1", [
      tenant,
    ]);
    expect(first.getTime()).toBeGreaterThanOrEqual(closedUntil.getTime());
  });

  test.each([
    [["--events", "0"]],
    [["--events", "many"]],
    [[]],
    [["--events", "10", "--months", "61"]],
    [["--event", "10"]],
  ])("with %j says how to use it", async (argv) => {
    await expect(seed(argv)).rejects.toThrow("Use it as: npm run seed:usage -- --events 1000000");
  });

  test("does not run in production, nor for a tenant that there is not", async () => {
    await expect(seed(["--events", "10"], { isProduction: true })).rejects.toThrow(
      "does not run where NODE_ENV is production",
    );
    await expect(seed(["--events", "10", "--tenant", newId("tenant")])).rejects.toThrow("There is no such tenant");
  });
});
