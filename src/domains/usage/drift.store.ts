import type { Database } from "../../platform/database.ts";
import type { Drift, DriftReport } from "./drift.ts";

interface DriftRow {
  table_name: Drift["table"];
  tenant_id: string;
  row_key: string;
  cached: string;
  recomputed: string;
}

// What both caches would hold if they were made from the events now.
const hourlyFromEvents = `
  select tenant_id, date_trunc('hour', occurred_at, 'UTC') as hour, meter, model_id, model_version_id,
         coalesce(api_key_id, '') as api_key_id, plan_version_id,
         sum(quantity) as quantity, sum(quantity * unit_price_micros) as amount_micros, count(*) as events
    from usage_events
    group by 1, 2, 3, 4, 5, 6, 7`;
const quotaFromEvents = `
  select tenant_id, meter, date_trunc('month', occurred_at, 'UTC') as period_starts_at, sum(quantity) as used
    from usage_events
    group by 1, 2, 3`;

/** Compares the caches with the ledger, and makes them again from it. */
export class DriftStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Every difference, all read in one snapshot, so charges that run meanwhile are not taken for drift. */
  async findDrift(): Promise<DriftReport> {
    return await this.#database.systemTransaction(async (sql) => {
      await sql({ text: "set transaction isolation level repeatable read, read only" });
      const [counted] = await sql({ text: "select count(*)::text as events from usage_events" });
      const rows = (await sql({ text: driftSql })) as DriftRow[];
      const drift = rows.map((row) => ({
        table: row.table_name,
        tenantId: row.tenant_id,
        row: row.row_key,
        cached: BigInt(row.cached),
        recomputed: BigInt(row.recomputed),
      }));
      return { events: BigInt(String(counted?.["events"] ?? 0)), drift };
    });
  }

  /** Makes both caches again. Charges wait for it: a counter that is being rebuilt cannot admit anybody. */
  async rebuild(): Promise<void> {
    await this.#database.systemTransaction(async (sql) => {
      await sql({ text: "lock table quota_usage, usage_hourly in exclusive mode" });
      await sql({ text: "delete from usage_hourly" });
      await sql({ text: "delete from quota_usage" });
      await sql({
        text: `insert into usage_hourly (tenant_id, hour, meter, model_id, model_version_id, api_key_id, plan_version_id,
                                         quantity, amount_micros, events) ${hourlyFromEvents}`,
      });
      await sql({ text: `insert into quota_usage (tenant_id, meter, period_starts_at, used) ${quotaFromEvents}` });
    });
  }
}

// A row that only one side has counts as zero on the other.
const driftSql = `
  with hourly as (${hourlyFromEvents}), quota as (${quotaFromEvents})
  select 'usage_hourly' as table_name, tenant_id,
         concat_ws(' ', to_char(hour at time zone 'UTC', 'YYYY-MM-DD"T"HH24"Z"'), meter, model_version_id, api_key_id, plan_version_id, what) as row_key,
         cached::text, recomputed::text
    from (
      select tenant_id, hour, meter, model_version_id, api_key_id, plan_version_id, v.what,
             coalesce(v.cached, 0) as cached, coalesce(v.recomputed, 0) as recomputed
        from usage_hourly c
        full join hourly e using (tenant_id, hour, meter, model_id, model_version_id, api_key_id, plan_version_id)
        cross join lateral (values ('quantity', c.quantity, e.quantity), ('amount_micros', c.amount_micros, e.amount_micros),
                                   ('events', c.events, e.events)) as v(what, cached, recomputed)
    ) compared
    where cached <> recomputed
  union all
  select 'quota_usage', tenant_id, concat_ws(' ', to_char(period_starts_at at time zone 'UTC', 'YYYY-MM'), meter),
         coalesce(c.used, 0)::text, coalesce(e.used, 0)::text
    from quota_usage c
    full join quota e using (tenant_id, meter, period_starts_at)
    where coalesce(c.used, 0) <> coalesce(e.used, 0)
  order by 1, 2, 3`;
