import type { Abandoned } from "../../core/abandonment.ts";
import { TollgateError } from "../../core/errors.ts";
import type { Database } from "../../platform/database.ts";
import {
  type MeteredTotal,
  maxReportRows,
  rowPeriod,
  splitAtHours,
  type UsageDimension,
  type UsageQuery,
  type UsageRow,
  wholeDays,
} from "./usage-report.ts";

interface ReportRow {
  bucket: Date | null;
  model_id: string | null;
  model_version_id: string | null;
  api_key_id: string | null;
  meter: string;
  quantity: string;
  amount_micros: string;
}

/** What was used of a meter in one hour. */
export interface UsedHour extends MeteredTotal {
  hour: Date;
}

const columns: Partial<Record<UsageDimension, string>> = {
  MODEL: "model_id",
  VERSION: "model_version_id",
  API_KEY: "api_key_id",
};

export class UsageReportStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The tenant's usage in the period, grouped. A quantity only adds up within its meter, so rows are always by meter. */
  async report(tenantId: string, query: UsageQuery): Promise<UsageRow[]> {
    const { text, values } = reportSql(tenantId, query);
    const rows = await this.#database.tenantSql<ReportRow>(tenantId, {
      text: `${text} limit ${maxReportRows + 1}`,
      values,
    });
    if (rows.length > maxReportRows) {
      throw new TollgateError(
        "INVALID_INPUT",
        `The report has more than ${maxReportRows} rows: shorten the period or group by less.`,
      );
    }
    return rows.map((row) => toUsageRow(query, row));
  }

  /** The same, of any number of rows, some thousand at a time. */
  stream(tenantId: string, query: UsageQuery, abandoned: Abandoned): AsyncIterable<UsageRow[]> {
    return this.#database.tenantStream<ReportRow, UsageRow>(tenantId, {
      ...reportSql(tenantId, query),
      map: (row) => toUsageRow(query, row),
      abandoned,
    });
  }

  /** The tenant's billing period that runs now, by the clock that charges. */
  async billingPeriod(tenantId: string): Promise<{ startsAt: Date; endsAt: Date; now: Date }> {
    const [row] = await this.#database.tenantSql<{ starts_at: Date; ends_at: Date; now: Date }>(tenantId, {
      name: "billing-period",
      text: `
        select period.starts_at, period.ends_at, now()
          from tenants t
          cross join lateral period_of(now(), t.billing_anchor_day) period
          where t.id = $1`,
      values: [tenantId],
    });
    if (row === undefined) throw new Error(`there is no tenant ${tenantId}`);
    return { startsAt: row.starts_at, endsAt: row.ends_at, now: row.now };
  }

  /** By meter, what the tenant used in each whole hour from one moment to another. */
  async hours(tenantId: string, { from, to }: { from: Date; to: Date }): Promise<UsedHour[]> {
    const rows = await this.#database.tenantSql<Omit<ReportRow, "bucket"> & { hour: Date }>(tenantId, {
      name: "usage-hours",
      text: `
        select hour, meter, sum(quantity)::text as quantity, sum(amount_micros)::text as amount_micros
          from usage_hourly
          where tenant_id = $1
            and hour >= $2
            and hour < $3
          group by hour, meter
          order by hour, meter`,
      values: [tenantId, from, to],
    });
    return rows.map(({ hour, meter, quantity, amount_micros }) => ({
      hour,
      meter,
      quantity: BigInt(quantity),
      amountMicros: BigInt(amount_micros),
    }));
  }
}

function toUsageRow(query: UsageQuery, row: ReportRow): UsageRow {
  return {
    ...rowPeriod(query, row.bucket ?? undefined),
    modelId: row.model_id ?? undefined,
    modelVersionId: row.model_version_id ?? undefined,
    apiKeyId: row.api_key_id || undefined,
    meter: row.meter,
    quantity: BigInt(row.quantity),
    amountMicros: BigInt(row.amount_micros),
  };
}

// Whole days come from the days that are rolled up, as far as they are; what else is whole hours from the hours, and the
// stumps at both ends from the events themselves. One statement, so all three are of one moment. Only the names of columns
// are put into the text, all of them from the table above; every value is a parameter.
function reportSql(tenantId: string, query: UsageQuery): { text: string; values: unknown[] } {
  const { wholeFrom, wholeTo } = splitAtHours(query);
  const interval = query.interval?.toLowerCase() ?? "month";
  const days = query.interval === "HOUR" ? { from: wholeTo, to: wholeTo } : wholeDays({ from: wholeFrom, to: wholeTo });
  return {
    text: reportText(query),
    values: [tenantId, query.startsAt, query.endsAt, wholeFrom, wholeTo, interval, days.from, days.to],
  };
}

function reportText(query: UsageQuery): string {
  const grouped = (dimension: UsageDimension) => query.groupBy.includes(dimension);
  const dimensions = Object.entries(columns).map(([dimension, column]) =>
    grouped(dimension as UsageDimension) ? column : `null::text as ${column}`,
  );
  const groupedColumns = Object.entries(columns).flatMap(([dimension, column]) =>
    grouped(dimension as UsageDimension) ? [column] : [],
  );
  const bucket = query.interval === undefined ? "null::timestamptz" : "date_trunc($6, hour, 'UTC')";
  const keys = [...(query.interval === undefined ? [] : ["bucket"]), ...groupedColumns, "meter"].join(", ");
  return `
    with days as materialized (
      select $7::timestamptz as from_,
             greatest($7, least($8, coalesce((select rolled_until from usage_daily_spans where tenant_id = $1), '-infinity'))) as to_
    ), counted as (
      select day as hour, model_id, model_version_id, api_key_id, meter, quantity, amount_micros
        from usage_daily
        where tenant_id = $1 and day >= (select from_ from days) and day < (select to_ from days)
      union all
      select hour, model_id, model_version_id, api_key_id, meter, quantity, amount_micros
        from usage_hourly
        where tenant_id = $1 and hour >= $4 and hour < least($5, (select from_ from days))
      union all
      select hour, model_id, model_version_id, api_key_id, meter, quantity, amount_micros
        from usage_hourly
        where tenant_id = $1 and hour >= (select to_ from days) and hour < $5
      union all
      select occurred_at, model_id, model_version_id, coalesce(api_key_id, ''), meter, quantity, amount_micros
        from usage_events
        where tenant_id = $1
          and (occurred_at >= $2 and occurred_at < $4 or occurred_at >= $5 and occurred_at < $3)
    )
    select ${bucket} as bucket, ${dimensions.join(", ")}, meter,
           sum(quantity)::text as quantity, sum(amount_micros)::text as amount_micros
      from counted
      where $6::text is not null
      group by ${keys}
      order by ${keys}`;
}
