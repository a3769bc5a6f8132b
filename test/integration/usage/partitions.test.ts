import pg from "pg";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { newId } from "../../../src/core/ids.ts";
import { ChargeStore } from "../../../src/domains/usage/charge.store.ts";
import { PartitionsStore } from "../../../src/domains/usage/partitions.store.ts";
import { chargeRequestOf } from "../../support/charge-request.ts";
import { type LedgerHouse, openLedgerHouse } from "../../support/ledger-house.ts";

let house: LedgerHouse;

beforeAll(async () => {
  house = await openLedgerHouse();
});

afterAll(async () => {
  await house.close();
});

/** Works on a connection whose clocks are set to the zone. */
async function inZone<T>(timeZone: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: house.url, options: `-c timezone=${timeZone}` });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const boundsSql = `
  select relname as name, pg_get_expr(relpartbound, oid) as bound
    from pg_class
    where oid in (select inhrelid from pg_inherits where inhparent = 'usage_events'::regclass)
    order by relname`;

/** Each month of the table as `name start end`, by the clock of UTC. */
const monthsMade = async () => monthsIn(await inZone("UTC", async (client) => (await client.query(boundsSql)).rows));
const monthsIn = (rows: { name: string; bound: string }[]) =>
  rows.map(({ name, bound }) => [name, ...[...bound.matchAll(/'(.*?)'/g)].map(([, at]) => at)].join(" "));

const monthOf = (ahead: number) => {
  const now = new Date();
  const day = (months: number) =>
    new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + months, 1)).toISOString().slice(0, 10);
  const name = day(ahead).slice(0, 7).replace("-", "_");
  return `usage_events_${name} ${day(ahead)} 00:00:00+00 ${day(ahead + 1)} 00:00:00+00`;
};
const monthsUpTo = (ahead: number) => Array.from({ length: ahead + 2 }, (_, index) => monthOf(index - 1));

describe("the months of the ledger", () => {
  test("are made ahead, whole and in UTC, and asking again makes nothing", async () => {
    expect(await monthsMade()).toEqual(monthsUpTo(3));
    await new PartitionsStore(house.database).ensure();
    expect(await monthsMade()).toEqual(monthsUpTo(3));
  });

  test("are made once by many gateways at once", async () => {
    const ask = { text: "select ensure_usage_partitions(5)" };
    await Promise.all(Array.from({ length: 6 }, () => house.database.systemSql(ask)));
    expect(await monthsMade()).toEqual(monthsUpTo(5));
  });

  test("are made without waiting for a report that is being read, so that no charge waits behind it", async () => {
    const reader = new pg.Client({ connectionString: house.url });
    await reader.connect();
    onTestFinished(() => reader.end());
    await reader.query("begin");
    await reader.query("select count(*) from usage_events");
    await house.database.systemSql({ text: "select ensure_usage_partitions(6)" });
    expect(await monthsMade()).toEqual(monthsUpTo(6));
  });

  test.each(["America/New_York", "Pacific/Auckland"])("are those of UTC on a server in %s", async (zone) => {
    const made = await inZone(zone, async (client) => {
      await client.query("begin");
      await client.query("select make_usage_month(make_date(2031, month, 1)) from generate_series(1, 12) month");
      await client.query("set local timezone = 'UTC'");
      return monthsIn((await client.query(boundsSql)).rows);
    });
    const wanted = Array.from({ length: 12 }, (_, index) => {
      const day = (month: number) => new Date(Date.UTC(2031, month, 1)).toISOString().slice(0, 10);
      return `usage_events_2031_${day(index).slice(5, 7)} ${day(index)} 00:00:00+00 ${day(index + 1)} 00:00:00+00`;
    });
    expect(made.filter((month) => month.includes("_2031_"))).toEqual(wanted);
  });

  test("have the indexes and checks of the table, so that an event is refused twice", async () => {
    const id = newId("usageEvent");
    const insert = (quantity: number) =>
      house.sql(
        `insert into usage_events (tenant_id, id, occurred_at, meter, quantity, plan_version_id, amount_micros, price_model_id, period_starts_at, is_late, inference_id, model_id, model_version_id, api_key_id)
         values ('ten_x', $1, date_trunc('month', now(), 'UTC') + interval '40 days', 'inputs', $2, 'plv', 1, '', now(), false, 'inf', 'mod', 'mdv', 'key')`,
        [id, quantity],
      );
    await insert(1);
    await expect(insert(1)).rejects.toThrow(/duplicate key/);
    await expect(insert(-1)).rejects.toThrow(/check constraint/);
  });
});

describe("a month that is not there", () => {
  test("takes no event", async () => {
    const late = house.sql(
      `insert into usage_events (tenant_id, id, occurred_at, meter, quantity, plan_version_id, amount_micros, price_model_id, period_starts_at, is_late, inference_id, model_id, model_version_id, api_key_id)
       values ('ten_x', 'use_x', now() + interval '5 years', 'inputs', 1, 'plv', 1, '', now(), false, 'inf', 'mod', 'mdv', 'key')`,
    );
    await expect(late).rejects.toThrow(/no partition of relation "usage_events"/);
  });

  test("admits nobody: a charge fails, and leaves nothing", async () => {
    const tenant = await house.createTenant({ quota: 10 });
    const month = monthOf(0).split(" ")[0];
    await house.sql(`alter table usage_events detach partition ${month}`);
    const store = new ChargeStore(house.database, "gtw_test");
    const request = chargeRequestOf(tenant, 1, { idempotencyKey: "k", requestDigest: "d" });
    await expect(store.charge([request])).rejects.toThrow(/no partition of relation "usage_events"/);
    expect(await house.usedBy(tenant)).toBe(0);
    expect(await house.sql("select 1 from idempotency_keys where tenant_id = $1", [tenant])).toEqual([]);
  });
});
