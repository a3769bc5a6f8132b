import type { Database } from "../../platform/database.ts";

/** What usage would cost, before there is any. */
export class QuoteStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * So many inputs of a model more than were used in this period, on the tenant's plan of this moment: what is included
   * or in a lower tier may be used up. Undefined where it has no plan that prices them.
   */
  async quoteInputs(tenantId: string, modelId: string, inputs: number): Promise<bigint | undefined> {
    const rows = await this.#database.tenantSql<{ amount: string }>(tenantId, {
      name: "quote-inputs",
      text: `
        with price as (
          select p.*, s.tenant_id, (period_of(now(), t.billing_anchor_day)).starts_at
            from subscriptions s
            join tenants t on t.id = s.tenant_id
            join plan_prices p on p.plan_version_id = s.plan_version_id and p.meter = 'inputs' and p.model_id in ('', $2)
            where s.tenant_id = $1 and s.starts_at <= now() and (s.ends_at is null or s.ends_at > now())
            order by p.model_id desc
            limit 1),
        used as (
          select coalesce(sum(h.quantity), 0)::bigint as quantity
            from price p
            join usage_hourly h on h.tenant_id = p.tenant_id and h.meter = 'inputs' and h.hour >= p.starts_at
              and h.plan_version_id = p.plan_version_id and not h.is_late
              and case p.model_id
                    when '' then h.model_id not in (
                      select own.model_id from plan_prices own
                        where own.plan_version_id = p.plan_version_id and own.meter = 'inputs')
                    else h.model_id = p.model_id
                  end)
        select rated_cost(p.scheme, p.unit_price_micros, p.package_size, p.included, p.tiers, 1, used.quantity + $3)
                 - rated_cost(p.scheme, p.unit_price_micros, p.package_size, p.included, p.tiers, 1, used.quantity) as amount
          from price p, used`,
      values: [tenantId, modelId, inputs],
    });
    return rows[0] === undefined ? undefined : BigInt(rows[0].amount);
  }
}
