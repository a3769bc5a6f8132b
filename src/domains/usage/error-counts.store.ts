import { z } from "zod";
import { type ErrorCode, errorCatalogue } from "../../core/errors.ts";
import type { Period } from "../../core/period.ts";
import type { Database } from "../../platform/database.ts";
import type { ErrorsOfHour } from "./error-tally.ts";

/** How often a tenant's requests were answered with an error of this code. */
export interface ErrorCount {
  code: ErrorCode;
  count: number;
  lastAt: Date;
}

const keepDays = 35;

const codes = Object.keys(errorCatalogue) as [ErrorCode, ...ErrorCode[]];
const countRow = z.object({ code: z.enum(codes), count: z.coerce.number(), last_at: z.date() });

export class ErrorCountsStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** In one order for all gateways: of two that add to the same rows at once, the second waits and neither is in the other's way. */
  async add(errors: ErrorsOfHour[]): Promise<void> {
    await this.#database.systemSql({
      name: "add-error-counts",
      text: `
        insert into error_counts as e (tenant_id, hour, code, count, last_at)
          select tenant_id, hour, code, count, last_at
            from unnest($1::text[], $2::timestamptz[], $3::text[], $4::bigint[], $5::timestamptz[])
              as u (tenant_id, hour, code, count, last_at)
            order by tenant_id, hour, code
          on conflict (tenant_id, hour, code)
            do update set count = e.count + excluded.count, last_at = greatest(e.last_at, excluded.last_at)`,
      values: [
        errors.map(({ tenantId }) => tenantId),
        errors.map(({ hour }) => hour),
        errors.map(({ code }) => code),
        errors.map(({ count }) => count),
        errors.map(({ lastAt }) => lastAt),
      ],
    });
  }

  /** Of the hours that begin in the period, the most frequent first. */
  async byCode(tenantId: string, { startsAt, endsAt }: Period): Promise<ErrorCount[]> {
    const rows = await this.#database.tenantSql(tenantId, {
      name: "error-counts",
      text: `
        select code, sum(count)::text as count, max(last_at) as last_at
          from error_counts
          where tenant_id = $1 and hour >= $2 and hour < $3
          group by code
          order by sum(count) desc, code`,
      values: [tenantId, startsAt, endsAt],
    });
    return rows.map((found) => {
      const { last_at, ...row } = countRow.parse(found);
      return { ...row, lastAt: last_at };
    });
  }

  async forgetOld(): Promise<void> {
    await this.#database.systemSql({
      text: "delete from error_counts where hour < now() - make_interval(days => $1)",
      values: [keepDays],
    });
  }
}
