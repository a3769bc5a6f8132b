import type { Database } from "../../platform/database.ts";

/** Forgets what nobody needs any more. */
export class RetentionStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Drops the events of months that ended longer ago than this many months, once every tenant that used something in them
   * was invoiced beyond them. Their rollups stay, so reports of whole hours do. Returns the months that went.
   */
  async dropOldMonths(keepMonths: number): Promise<string[]> {
    const months = await this.#database.systemSql<{ month: string }>({
      text: `
        select to_char(m.month, 'YYYY-MM-DD') as month
          from pg_inherits i
          join pg_class c on c.oid = i.inhrelid
          cross join lateral (select to_date(right(c.relname, 7), 'YYYY_MM') as month) m
          cross join lateral (select (m.month + interval '1 month') at time zone 'UTC' as ends_at) span
          where i.inhparent = 'usage_events'::regclass
            and span.ends_at <= now() - make_interval(months => $1)
            and not exists (
              select from usage_hourly h
                left join tenant_ledgers l on l.tenant_id = h.tenant_id
                where h.hour >= m.month::timestamp at time zone 'UTC' and h.hour < span.ends_at
                  and (l.closed_until is null or l.closed_until < span.ends_at))
          order by 1`,
      values: [keepMonths],
    });
    for (const { month } of months) {
      await this.#database.systemSql({ text: "select drop_usage_month($1::date)", values: [month] });
    }
    return months.map(({ month }) => month.slice(0, 7));
  }

  /** Counters of periods that are over: one that is needed after all is computed from the ledger. */
  async forgetOldCounters(): Promise<void> {
    await this.#database.systemSql({
      text: `
        delete from usage_counters
          where period_starts_at < now() - case period when 'BILLING_PERIOD' then interval '70 days' else interval '3 days' end`,
    });
  }
}
