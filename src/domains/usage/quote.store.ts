import type { Database } from "../../platform/database.ts";
import type { QuotedUsage } from "./quoted-usage.ts";

/** What usage would cost, before there is any. */
export class QuoteStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * So much of a model more than was used in this period, on the tenant's plan of this moment: what is included or in a
   * lower tier may be used up. Undefined where it has no plan that prices inputs, without which nothing is admitted.
   */
  async quote(tenantId: string, modelId: string, usage: QuotedUsage): Promise<bigint | undefined> {
    const rows = await this.#database.tenantSql<{ amount: string | null }>(tenantId, {
      name: "quote-usage",
      text: quoteSql,
      values: [
        tenantId,
        modelId,
        ["inputs", "tokens", "explanations", "compute_ms"],
        [usage.inputs, usage.tokens, usage.explanations, usage.computeUs],
      ],
    });
    const amount = rows[0]?.amount ?? undefined;
    return amount === undefined ? undefined : BigInt(amount);
  }
}

const quoteSql = `
  with wanted as (
    select * from unnest($3::text[], $4::bigint[]) as w(meter, quantity)),
  price as (
    select distinct on (p.meter) p.*, s.tenant_id, w.quantity, meter_scale(p.meter) as scale,
           (period_of(now(), t.billing_anchor_day)).starts_at
      from subscriptions s
      join tenants t on t.id = s.tenant_id
      join plan_prices p on p.plan_version_id = s.plan_version_id and p.model_id in ('', $2)
      join wanted w on w.meter = p.meter
      where s.tenant_id = $1 and s.starts_at <= now() and (s.ends_at is null or s.ends_at > now())
      order by p.meter, p.model_id desc),
  used as (
    select p.meter, coalesce(sum(h.quantity), 0)::bigint as quantity
      from price p
      left join usage_hourly h on h.tenant_id = p.tenant_id and h.meter = p.meter and h.hour >= p.starts_at
        and h.plan_version_id = p.plan_version_id and not h.is_late
        and case p.model_id
              when '' then h.model_id not in (
                select own.model_id from plan_prices own
                  where own.plan_version_id = p.plan_version_id and own.meter = p.meter)
              else h.model_id = p.model_id
            end
      group by p.meter)
  select sum(rated_cost(p.scheme, p.unit_price_micros, p.package_size, p.included, p.tiers, p.scale, u.quantity + p.quantity)
             - rated_cost(p.scheme, p.unit_price_micros, p.package_size, p.included, p.tiers, p.scale, u.quantity)) as amount
    from price p
    join used u on u.meter = p.meter
    having bool_or(p.meter = 'inputs')`;
