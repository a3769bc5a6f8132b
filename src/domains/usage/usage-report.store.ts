import { TollgateError } from "../../core/errors.ts";
import type { Database } from "../../platform/database.ts";
import {
  maxReportRows,
  rowPeriod,
  splitAtHours,
  type UsageDimension,
  type UsageQuery,
  type UsageRow,
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
    const whole = splitAtHours(query);
    const rows = await this.#database.tenantSql<ReportRow>(tenantId, {
      text: reportSql(query),
      values: [
        tenantId,
        query.startsAt,
        query.endsAt,
        whole.wholeFrom,
        whole.wholeTo,
        query.interval?.toLowerCase() ?? "month",
      ],
    });
    if (rows.length > maxReportRows) {
      throw new TollgateError(
        "INVALID_INPUT",
        `The report has more than ${maxReportRows} rows: shorten the period or group by less.`,
      );
    }
    return rows.map((row) => ({
      ...rowPeriod(query, row.bucket ?? undefined),
      modelId: row.model_id ?? undefined,
      modelVersionId: row.model_version_id ?? undefined,
      apiKeyId: row.api_key_id || undefined,
      meter: row.meter,
      quantity: BigInt(row.quantity),
      amountMicros: BigInt(row.amount_micros),
    }));
  }
}

// Whole hours come from the rollup, the stumps at both ends from the events themselves. Only the names of columns are put
// into the text, all of them from the table above; every value is a parameter.
function reportSql(query: UsageQuery): string {
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
    with counted as (
      select hour, model_id, model_version_id, api_key_id, meter, quantity, amount_micros
        from usage_hourly
        where tenant_id = $1 and hour >= $4 and hour < $5
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
      order by ${keys}
      limit ${maxReportRows + 1}`;
}
