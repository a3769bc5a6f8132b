import type { Database } from "../../platform/database.ts";
import type { Drift, DriftReport } from "./drift.ts";

interface DriftRow {
  table_name: Drift["table"];
  tenant_id: string;
  row_key: string;
  cached: string;
  recomputed: string;
}

/** Compares the caches and the amounts with the ledger, and makes the caches again from it. */
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
      const rows = (await sql({ text: driftSql, values: [new Date(0), new Date(maxTimeMs)] })) as DriftRow[];
      return { events: BigInt(String(counted?.["events"] ?? 0)), drift: rows.map(toDrift) };
    });
  }

  /** The rollups that differ from the events of these whole hours. A small part of the work of `findDrift`. */
  async findDriftOfHours(from: Date, to: Date): Promise<Drift[]> {
    const rows = await this.#database.systemSql<DriftRow>({
      name: "drift-of-hours",
      text: hourlySql,
      values: [from, to],
    });
    return rows.map(toDrift);
  }

  /**
   * The next tenant's counters and amounts of the billing period that is not over, against its rollups: how many differ,
   * and whose they are. Undefined: there is no tenant after that one.
   */
  async findDriftOfNextTenant(after: string): Promise<{ tenantId: string; drift: Drift[] } | undefined> {
    const [next] = await this.#database.systemSql<{ tenant_id: string }>({
      text: "select tenant_id from tenant_ledgers where tenant_id > $1 order by tenant_id limit 1",
      values: [after],
    });
    if (next === undefined) return undefined;
    const rows = await this.#database.systemSql<DriftRow>({ text: tenantSql, values: [next.tenant_id] });
    return { tenantId: next.tenant_id, drift: rows.map(toDrift) };
  }

  /**
   * Makes both caches again, as far back as there are events. Charges wait for it: no ledger row can be taken meanwhile.
   * Buckets and leases are no caches of the ledger: they say how fast it goes, and are right again by themselves.
   */
  async rebuild(): Promise<void> {
    await this.#database.systemTransaction(async (sql) => {
      await sql({ text: "lock table tenant_ledgers, usage_hourly in exclusive mode" });
      await sql({ text: `delete from usage_hourly where hour >= ${oldestEvents}` });
      // A counter that is not there is computed when it is needed next.
      await sql({ text: "delete from usage_counters" });
      await sql({
        text: `insert into usage_hourly (tenant_id, hour, meter, model_id, model_version_id, api_key_id, plan_version_id,
                                         price_model_id, is_late, quantity, amount_micros, events) ${hourlyFromEvents("true")}`,
      });
    });
  }
}

const maxTimeMs = 8.64e15;

function toDrift(row: DriftRow): Drift {
  return {
    table: row.table_name,
    tenantId: row.tenant_id,
    row: row.row_key,
    cached: BigInt(row.cached),
    recomputed: BigInt(row.recomputed),
  };
}

/** Rollups of months whose events were dropped are all that is left of them: nothing can be compared with them. */
const oldestEvents = `(
  select min(to_date(right(c.relname, 7), 'YYYY_MM'))::timestamp at time zone 'UTC'
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'usage_events'::regclass)`;

/** What the rollup would hold if it were made from the events now. */
function hourlyFromEvents(where: string): string {
  return `
  select tenant_id, date_trunc('hour', occurred_at, 'UTC') as hour, meter, model_id, model_version_id,
         coalesce(api_key_id, '') as api_key_id, plan_version_id, price_model_id, is_late,
         sum(quantity) as quantity, sum(amount_micros) as amount_micros, count(*) as events
    from usage_events
    where ${where}
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9`;
}

// A row that only one side has counts as zero on the other.
const hourlySql = `
  with hourly as (${hourlyFromEvents("occurred_at >= $1 and occurred_at < $2")}), cached as (
    select * from usage_hourly where hour >= greatest($1, ${oldestEvents}) and hour < $2
  )
  select 'usage_hourly' as table_name, tenant_id,
         concat_ws(' ', to_char(hour at time zone 'UTC', 'YYYY-MM-DD"T"HH24"Z"'), meter, model_version_id, api_key_id,
                   plan_version_id, case when is_late then 'late' end, what) as row_key,
         before::text as cached, recomputed::text
    from (
      select tenant_id, hour, meter, model_version_id, api_key_id, plan_version_id, is_late, v.what,
             coalesce(v.cached, 0) as before, coalesce(v.recomputed, 0) as recomputed
        from cached c
        full join hourly e
          using (tenant_id, hour, meter, model_id, model_version_id, api_key_id, plan_version_id, price_model_id, is_late)
        cross join lateral (values ('quantity', c.quantity, e.quantity), ('amount_micros', c.amount_micros, e.amount_micros),
                                   ('events', c.events, e.events)) as v(what, cached, recomputed)
    ) compared
    where before <> recomputed`;

/** Counters that stand for what is counted now; others are made anew before anybody reads them. */
const countersInUse = `
  select c.* from usage_counters c
    join tenant_ledgers l on l.tenant_id = c.tenant_id
    join tenants t on t.id = c.tenant_id
    cross join lateral (select greatest(tollgate_now(), l.last_at, l.closed_until) as at) ledger
    left join subscriptions s on s.tenant_id = c.tenant_id and s.starts_at <= ledger.at
                             and (s.ends_at is null or s.ends_at > ledger.at)
    where c.plan_version_id <> '' or l.counted_for = concat(s.plan_version_id, ' ', l.limits_revision)`;

function countersSql(source: string, counted: { hour: string; late: string }, where: string): string {
  return `
  select 'usage_counters' as table_name, c.tenant_id,
         concat_ws(' ', c.period, to_char(c.period_starts_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24"Z"'),
                   nullif(c.plan_version_id, ''), nullif(c.meter, ''), nullif(c.model_id, ''), nullif(c.api_key_id, ''), v.what) as row_key,
         v.cached::text, v.recomputed::text
    from (${countersInUse}) c
    join tenants t on t.id = c.tenant_id
    cross join lateral (
      select case c.period when 'HOUR' then c.period_starts_at + interval '1 hour'
                           when 'DAY' then c.period_starts_at + interval '24 hours'
                           else (period_of(c.period_starts_at, t.billing_anchor_day)).ends_at end as ends_at
    ) span
    cross join lateral (
      select coalesce(sum(e.quantity), 0)::bigint as quantity, coalesce(sum(e.amount_micros), 0)::bigint as amount_micros
        from ${source} e
        where e.tenant_id = c.tenant_id and (c.meter = '' or e.meter = c.meter)
          and case when c.plan_version_id = ''
                then not e.is_late and e.${counted.hour} >= c.period_starts_at and e.${counted.hour} < span.ends_at
                     and (c.model_id = '' or e.model_id = c.model_id)
                     and (c.api_key_id = '' or coalesce(e.api_key_id, '') = c.api_key_id)
                else ${counted.late} and e.plan_version_id = c.plan_version_id and e.price_model_id = c.model_id
              end
    ) e
    cross join lateral (values ('quantity', c.quantity, case c.meter when '' then 0 else e.quantity end),
                               ('amount_micros', c.amount_micros,
                                case when c.plan_version_id = '' and c.meter <> '' then 0 else e.amount_micros end))
      as v(what, cached, recomputed)
    where v.cached <> v.recomputed and ${where}`;
}

// Of a price group whose meter has no price, every amount is nothing.
function ratedSql(source: string, period: string, where: string): string {
  return `
  select 'rated_cost' as table_name, g.tenant_id,
         concat_ws(' ', to_char(g.period_starts_at at time zone 'UTC', 'YYYY-MM-DD'), g.meter, g.plan_version_id,
                   nullif(g.price_model_id, '')) as row_key,
         g.amount_micros::text as cached, cost.micros::text as recomputed
    from (
      select e.tenant_id, ${period} as period_starts_at, e.plan_version_id, e.meter, e.price_model_id,
             sum(e.quantity)::bigint as quantity, sum(e.amount_micros)::bigint as amount_micros
        from ${source} e
        where ${where}
        group by 1, 2, 3, 4, 5
    ) g
    left join plan_prices p
      on p.plan_version_id = g.plan_version_id and p.meter = g.meter and p.model_id = g.price_model_id
    cross join lateral (
      select case when p.meter is null then 0
                  else rated_cost(p.scheme, p.unit_price_micros, p.package_size, p.included, p.tiers, meter_scale(g.meter), g.quantity)
             end as micros
    ) cost
    where g.amount_micros <> cost.micros`;
}

const driftSql = `
  ${hourlySql}
  union all ${countersSql("usage_events", { hour: "occurred_at", late: "e.period_starts_at = c.period_starts_at" }, "true")}
  union all ${ratedSql("usage_events", "e.period_starts_at", "true")}
  order by 1, 2, 3`;

// From the rollups, and of the period that is not over: a late event is of another one.
function openPeriod(edge: "starts_at" | "ends_at"): string {
  return `(
    select (period_of(greatest(tollgate_now(), l.last_at, l.closed_until), t.billing_anchor_day)).${edge}
      from tenant_ledgers l join tenants t on t.id = l.tenant_id where l.tenant_id = $1)`;
}

const tenantSql = `
  ${countersSql(
    "usage_hourly",
    { hour: "hour", late: "not e.is_late and e.hour >= c.period_starts_at and e.hour < span.ends_at" },
    `c.tenant_id = $1 and c.period_starts_at >= ${openPeriod("starts_at")}`,
  )}
  union all ${ratedSql(
    "usage_hourly",
    `${openPeriod("starts_at")}`,
    `e.tenant_id = $1 and not e.is_late and e.hour >= ${openPeriod("starts_at")} and e.hour < ${openPeriod("ends_at")}`,
  )}`;
