import { randomInt } from "node:crypto";
import type { Database } from "../../platform/database.ts";
import { UsageDaysStore } from "./usage-days.store.ts";
import type { SeededHour } from "./usage-seed.ts";

/** Who used it, at which price, and from when on usage may be dated. */
export interface SeededTenant {
  id: string;
  planVersionId: string;
  /** Where the last invoiced period ends: nothing may be dated before it. */
  closedUntil: Date | undefined;
}

/** Writes made-up usage into the ledger, for trying how it does under years of it. */
export class UsageSeedStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The tenant with the id, or else the one that was made first. */
  async find(id: string | undefined): Promise<SeededTenant | undefined> {
    const [row] = await this.#database.systemSql<{ id: string; plan_version_id: string; closed_until: Date | null }>({
      text: `
        select t.id, s.plan_version_id, l.closed_until
          from tenants t
          join tenant_ledgers l on l.tenant_id = t.id
          join subscriptions s on s.tenant_id = t.id and s.starts_at <= now() and (s.ends_at is null or s.ends_at > now())
          where $1::text is null or t.id = $1
          order by t.created_at, t.id
          limit 1`,
      values: [id],
    });
    return row && { id: row.id, planVersionId: row.plan_version_id, closedUntil: row.closed_until ?? undefined };
  }

  /** Months that may not be there yet. */
  async makeMonths(period: { startsAt: Date; endsAt: Date }): Promise<void> {
    await this.#database.systemSql({
      text: "select make_usage_months(($1::timestamptz at time zone 'UTC')::date, ($2::timestamptz at time zone 'UTC')::date)",
      values: [period.startsAt, period.endsAt],
    });
  }

  /**
   * Writes the events of some hours, with their rollups, in one transaction and under the lock of
   * the tenant's ledger: whenever it is stopped, what is there adds up. Amounts go on from what the price group costs by
   * then, as they do for any charge. Counters are dropped: one that is not there is computed when it is needed.
   */
  async insert(tenant: SeededTenant, hours: SeededHour[]): Promise<void> {
    await this.#database.systemTransaction(async (sql) => {
      await sql({ text: "select lock_ledgers(array[$1])", values: [tenant.id] });
      await sql({
        text: insertSql,
        values: [tenant.id, tenant.planVersionId, JSON.stringify(hours), randomInt(2 ** 47)],
      });
      await sql({ text: "delete from usage_counters where tenant_id = $1", values: [tenant.id] });
    });
  }

  /** Rolls up the days that were written, and sees to it that what reads them is planned for what is there now. */
  async finish(): Promise<void> {
    await new UsageDaysStore(this.#database).rollUp();
    await this.#database.systemSql({ text: "select analyze_usage()" });
  }
}

// Keys and versions are chosen by a hash of the event's number, the first ones more often: as in life, some do most of it.
// The hash is another one in each call, so a second seeding is not the first one again. An id is the time, the number and some of the hash, in the alphabet of ids, so that it is new and sorts by time.
const insertSql = `
  with asked as materialized (
    select (h ->> 'hour')::timestamptz as hour, (h ->> 'events')::bigint as events
      from json_array_elements($3::json) h
  ),
  keys as materialized (
    select coalesce(array_agg(id order by id), '{}') as ids from api_keys where tenant_id = $1
  ),
  versions as materialized (
    select array_agg(v.id order by v.id) as ids, array_agg(v.model_id order by v.id) as model_ids
      from model_versions v where v.tenant_id is null or v.tenant_id = $1
  ),
  drawn as materialized (
    select hour + (n - 0.5) / events * interval '1 hour' as occurred_at, n,
           hashint8extended(n, extract(epoch from hour)::bigint # $4::bigint) as dice
      from asked cross join lateral generate_series(1, events) n
  ),
  made as materialized (
    select d.occurred_at, 1 + (d.dice & 3) as quantity, v.ids[pick.version] as model_version_id,
           v.model_ids[pick.version] as model_id, k.ids[pick.key] as api_key_id,
           lpad(to_hex(floor(extract(epoch from d.occurred_at) * 1000)::bigint), 12, '0')
             || lpad(to_hex(d.n), 6, '0') || lpad(to_hex((d.dice >> 8) & x'ffffffff'::bigint), 8, '0') as body
      from drawn d, keys k, versions v
      cross join lateral (
        select 1 + least((d.dice >> 8) & 7, (d.dice >> 16) & 7)::integer % cardinality(v.ids) as version,
               1 + least((d.dice >> 24) & 15, (d.dice >> 32) & 15)::integer % greatest(1, cardinality(k.ids)) as key
      ) pick
  ),
  priced as materialized (
    select m.*, p.model_id as price_model_id, p.scheme, p.unit_price_micros, p.package_size, p.included, p.tiers,
           period.starts_at as period_starts_at,
           sum(m.quantity) over (partition by period.starts_at, p.model_id order by m.occurred_at, m.body) as cumulative
      from made m
      join tenants t on t.id = $1
      cross join lateral period_of(m.occurred_at, t.billing_anchor_day) period
      cross join lateral (
        select * from plan_prices p
          where p.plan_version_id = $2 and p.meter = 'inputs' and p.model_id in ('', m.model_id)
          order by p.model_id collate "C" desc
          limit 1
      ) p
  ),
  groups as materialized (
    select g.period_starts_at, g.price_model_id, coalesce(sum(e.quantity), 0)::bigint as quantity
      from (select distinct period_starts_at, price_model_id from priced) g
      join tenants t on t.id = $1
      left join usage_hourly e
        on e.tenant_id = $1 and e.plan_version_id = $2 and e.meter = 'inputs' and e.price_model_id = g.price_model_id
       and not e.is_late and e.hour >= g.period_starts_at
       and e.hour < (period_of(g.period_starts_at, t.billing_anchor_day)).ends_at
      group by 1, 2
  ),
  events as (
    insert into usage_events (tenant_id, id, occurred_at, meter, quantity, plan_version_id, amount_micros, price_model_id,
                              period_starts_at, is_late, inference_id, model_id, model_version_id, api_key_id, user_id)
      select $1, 'use_' || p.body, p.occurred_at, 'inputs', p.quantity, $2,
             case when p.scheme = 'PER_UNIT' and p.included = 0 then p.quantity * p.unit_price_micros
                  else rated_cost(p.scheme, p.unit_price_micros, p.package_size, p.included, p.tiers, 1, g.quantity + p.cumulative::bigint)
                     - rated_cost(p.scheme, p.unit_price_micros, p.package_size, p.included, p.tiers, 1,
                                  g.quantity + p.cumulative::bigint - p.quantity)
             end,
             p.price_model_id, p.period_starts_at, false, 'inf_' || p.body, p.model_id, p.model_version_id, p.api_key_id,
             case when p.api_key_id is null then 'usr_00000000000000000000000000' end
        from priced p join groups g using (period_starts_at, price_model_id)
      returning occurred_at, quantity, amount_micros, price_model_id, model_id, model_version_id, api_key_id
  )
  insert into usage_hourly as h (tenant_id, hour, meter, model_id, model_version_id, api_key_id, plan_version_id,
                                 price_model_id, is_late, quantity, amount_micros, events)
    select $1, date_trunc('hour', occurred_at, 'UTC'), 'inputs', model_id, model_version_id, coalesce(api_key_id, ''), $2,
           price_model_id, false, sum(quantity), sum(amount_micros), count(*)
      from events
      group by 2, model_id, model_version_id, api_key_id, price_model_id
    on conflict (tenant_id, hour, meter, model_version_id, api_key_id, plan_version_id, is_late) do update
      set quantity = h.quantity + excluded.quantity,
          amount_micros = h.amount_micros + excluded.amount_micros,
          events = h.events + excluded.events`;
