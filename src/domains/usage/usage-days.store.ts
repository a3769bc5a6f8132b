import type { Database } from "../../platform/database.ts";

const tenantsAtATime = 500;

/** Keeps days rolled up, for reports that reach far back. */
export class UsageDaysStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Rolls up every tenant's days up to the day before yesterday, each in transactions of its own: its charges wait for
   * a day's rows to be added up (a month's, when it has months to catch up with), and nobody else's do. Several gateways at once do it once.
   */
  async rollUp(): Promise<void> {
    for (let after = ""; ; ) {
      const behind = await this.#tenantsBehind(after);
      for (const tenantId of behind) while (await this.#hasMoreAfterRolling(tenantId));
      const last = behind.at(-1);
      if (last === undefined || behind.length < tenantsAtATime) return;
      after = last;
    }
  }

  async #hasMoreAfterRolling(tenantId: string): Promise<boolean> {
    const [row] = await this.#database.systemSql<{ has_more: boolean }>({
      name: "roll-usage-days",
      text: `select roll_usage_days($1, ${lastDay}) as has_more`,
      values: [tenantId],
    });
    return row?.has_more === true;
  }

  async #tenantsBehind(after: string): Promise<string[]> {
    const rows = await this.#database.systemSql<{ tenant_id: string }>({
      name: "tenants-with-days-to-roll-up",
      text: `
        select l.tenant_id
          from tenant_ledgers l
          left join usage_daily_spans s on s.tenant_id = l.tenant_id
          where l.tenant_id > $1
            and (s.rolled_until is null or s.rolled_until < ${lastDay})
          order by l.tenant_id
          limit ${tenantsAtATime}`,
      values: [after],
    });
    return rows.map((row) => row.tenant_id);
  }
}

// Yesterday is left in hours: it may still be corrected, and a charge may come from a clock that is behind.
const lastDay = "date_trunc('day', now(), 'UTC') - interval '1 day'";
