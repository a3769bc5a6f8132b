import type { Database } from "../../platform/database.ts";
import type { HourlyUsage } from "./usage-ticks.ts";

interface HourRow {
  tenant_id: string;
  hour: Date;
  meter: string;
  quantity: string;
  amount_micros: string;
}

export class UsageTicksStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** What the tenants used in this hour and the last, by the database's clock. */
  async recentHours(tenantIds: string[]): Promise<HourlyUsage[]> {
    const rows = await this.#database.systemSql<HourRow>({
      name: "recent-usage",
      text: `
        select tenant_id, hour, meter, sum(quantity)::text as quantity, sum(amount_micros)::text as amount_micros
          from usage_hourly
          where tenant_id = any ($1)
            and hour >= date_trunc('hour', now(), 'UTC') - interval '1 hour'
          group by tenant_id, hour, meter`,
      values: [tenantIds],
    });
    return rows.map((row) => ({
      tenantId: row.tenant_id,
      hour: row.hour,
      meter: row.meter,
      quantity: BigInt(row.quantity),
      amountMicros: BigInt(row.amount_micros),
    }));
  }
}
