import type { Database } from "../../platform/database.ts";

/** A limit that applies to a principal, as it stands now. */
export interface LimitStatus {
  kind: "QUOTA";
  meter: string;
  limit: number;
  used: number;
  remaining: number;
  resetsAt: Date;
  scope: string;
}

interface LimitRow {
  meter: string;
  quantity: string;
  used: string;
  resets_at: Date;
}

export class LimitsStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The quotas of the tenant's plan for this month, by the database's clock, which is the one that admits. */
  async limitsOf(tenantId: string): Promise<LimitStatus[]> {
    const rows = await this.#database.tenantSql<LimitRow>(tenantId, {
      name: "limits-of-tenant",
      text: `
        select q.meter, q.quantity, coalesce(u.used, 0) as used,
               (date_trunc('month', now() at time zone 'UTC') + interval '1 month') at time zone 'UTC' as resets_at
          from subscriptions s
          join plan_quotas q on q.plan_version_id = s.plan_version_id
          left join quota_usage u on u.tenant_id = s.tenant_id and u.meter = q.meter
                                 and u.period_starts_at = date_trunc('month', now(), 'UTC')
          where s.tenant_id = $1 and s.starts_at <= now() and (s.ends_at is null or s.ends_at > now())
          order by q.meter`,
      values: [tenantId],
    });
    return rows.map((row) => {
      const limit = Number(row.quantity);
      const used = Number(row.used);
      return {
        kind: "QUOTA",
        meter: row.meter,
        limit,
        used,
        remaining: Math.max(0, limit - used),
        resetsAt: row.resets_at,
        scope: "tenant",
      };
    });
  }
}
