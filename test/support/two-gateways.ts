import pg from "pg";
import { newId } from "../../src/core/ids.ts";
import { ChargeStore } from "../../src/domains/usage/charge.store.ts";
import { openDatabase } from "../../src/platform/database.ts";
import { openLedgerHouse } from "./ledger-house.ts";

export const holders = ["gtw_a", "gtw_b"] as const;

/** What is read of a ledger to check it. */
export interface BookedEvent {
  id: string;
  quantity: number;
  reverses_id: string | null;
  key: string | null;
}

export type TwoGateways = Awaited<ReturnType<typeof openTwoGateways>>;

/** Two gateways' ways to one ledger, for many short runs: each has new tenants, and nothing waits for the disk. */
export async function openTwoGateways() {
  const house = await openLedgerHouse();
  // What is tested is what a commit decides, not that it is on the disk: the fault tests see to that.
  await house.sql(
    "do $$ begin execute format('alter database %I set synchronous_commit = off', current_database()); end $$",
  );
  const owner = new pg.Client({ connectionString: house.url });
  await owner.connect();
  const databases = [await openDatabase(house.url), await openDatabase(house.url)] as const;
  const sql = async (text: string, values: unknown[]) => (await owner.query(text, values)).rows;

  return {
    url: house.url,
    stores: [new ChargeStore(databases[0], holders[0]), new ChargeStore(databases[1], holders[1])] as const,
    sql,
    drift: house.drift,

    /** New tenants, each on a plan of its own that asks 7 micros for an input; undefined: without a plan. */
    async createTenants(quotas: (number | undefined)[]): Promise<string[]> {
      const tenants = quotas.map(() => newId("tenant"));
      await sql(newTenantsSql, [tenants, quotas.map((quota) => quota ?? null)]);
      return tenants;
    },

    async setQuota(tenant: string, quota: number): Promise<void> {
      await sql("update plan_limits set quantity = $2 where plan_version_id = $1", [tenant, quota]);
    },

    /** The tenant's events in the order in which they were decided, and what the caches hold of them. */
    async booksOf(tenant: string): Promise<{ events: BookedEvent[]; caches: Record<string, number> }> {
      const events = await sql(
        `select id, quantity::int, reverses_id, idempotency_key as key
           from usage_events where tenant_id = $1 order by recorded_at`,
        [tenant],
      );
      const [caches] = await sql(cachesSql, [tenant]);
      return { events, caches };
    },

    async close(): Promise<void> {
      await owner.end();
      for (const database of databases) await database.close();
      await house.close();
    },
  };
}

/** What the caches have to hold for these events. */
export function cachesFor(events: BookedEvent[]): Record<string, number> {
  const net = events.reduce((sum, event) => sum + event.quantity, 0);
  return { used: net, quantity: net, amount: 7 * net, events: events.length };
}

const newTenantsSql = `
  with asked as (select * from unnest($1::text[], $2::bigint[]) as a(tenant, quota)),
       made as (insert into tenants (id, name) select tenant, tenant from asked),
       plan as (insert into plans (id, name) select tenant, tenant from asked),
       version as (insert into plan_versions (id, plan_id, version, currency) select tenant, tenant, 1, 'EUR' from asked),
       price as (insert into plan_prices (plan_version_id, meter, unit_price_micros) select tenant, 'inputs', 7 from asked),
       quota as (insert into plan_limits (id, plan_version_id, applies_to, kind, meter, period, quantity)
                   select tenant, tenant, 'TENANT', 'QUOTA', 'inputs', 'BILLING_PERIOD', coalesce(quota, 0) from asked)
  insert into subscriptions (id, tenant_id, plan_version_id) select tenant, tenant, tenant from asked where quota is not null`;

const cachesSql = `
  select (select coalesce(sum(quantity), 0)::int from usage_counters where tenant_id = $1 and plan_version_id = '') as used,
         (select coalesce(sum(quantity), 0)::int from usage_hourly where tenant_id = $1) as quantity,
         (select coalesce(sum(amount_micros), 0)::int from usage_hourly where tenant_id = $1) as amount,
         (select coalesce(sum(events), 0)::int from usage_hourly where tenant_id = $1) as events`;
