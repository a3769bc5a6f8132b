import type { Database } from "../../platform/database.ts";

/** What usage would cost, before there is any. */
export class QuoteStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** So many inputs, on the tenant's plan of this moment. Undefined where it has none that prices them. */
  async quoteInputs(tenantId: string, inputs: number): Promise<bigint | undefined> {
    const rows = await this.#database.tenantSql<{ amount: string }>(tenantId, {
      name: "quote-inputs",
      text: `
        select $2::bigint * p.unit_price_micros as amount
          from subscriptions s
          join plan_prices p on p.plan_version_id = s.plan_version_id and p.meter = 'inputs'
          where s.tenant_id = $1 and s.starts_at <= now() and (s.ends_at is null or s.ends_at > now())`,
      values: [tenantId, inputs],
    });
    return rows[0] === undefined ? undefined : BigInt(rows[0].amount);
  }
}
