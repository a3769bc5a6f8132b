import { z } from "zod";
import type { Database } from "../../platform/database.ts";
import type { PriceVersion, UsageDay } from "./explanation.ts";
import type { Invoice, InvoiceLine } from "./invoice.ts";
import { priceColumns, priceOf } from "./price-row.store.ts";

const dayRow = z.object({
  day: z.date(),
  quantity: z.coerce.bigint(),
  amount_micros: z.coerce.bigint(),
  events: z.coerce.bigint(),
});

/**
 * The days behind a line, all of its price group: a tier is not of one day or another. From the rollup, which is kept
 * longer than the events, and which is proven to be what they add up to; late corrections from the events themselves,
 * for the rollup does not tell which period they correct.
 */
export class ExplanationStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async daysOf(invoice: Invoice, line: InvoiceLine): Promise<UsageDay[]> {
    if (line.kind !== "USAGE" && line.kind !== "LATE_USAGE") return [];
    const { tenantId, period } = invoice;
    const group = [tenantId, period.startsAt, period.endsAt, line.planVersionId, line.meter, line.priceModelId];
    const rows = await this.#database.tenantSql(
      tenantId,
      line.kind === "USAGE" ? { text: usageSql, values: group } : { text: lateSql, values: [...group, line.startsAt] },
    );
    return rows.map((found) => {
      const { day, quantity, amount_micros, events } = dayRow.parse(found);
      return { day, quantity, amountMicros: amount_micros, events };
    });
  }

  /** Undefined for a line that has no price version. */
  async priceVersionOf(line: InvoiceLine): Promise<PriceVersion | undefined> {
    const { tenantId, planVersionId, meter, priceModelId } = line;
    if (planVersionId === undefined) return undefined;
    const [found] = await this.#database.forTenant(
      tenantId,
      (prisma) => prisma.$queryRaw<unknown[]>`
        select v.id as plan_version_id, p.name as plan_name, v.version, v.flat_fee_micros, r.scheme, r.unit_price_micros,
               r.package_size, r.included, r.tiers
          from plan_versions v
          join plans p on p.id = v.plan_id
          left join plan_prices r on r.plan_version_id = v.id and r.meter = ${meter ?? ""} and r.model_id = ${priceModelId ?? ""}
          where v.id = ${planVersionId}`,
    );
    if (found === undefined) return undefined;
    const row = versionRow.parse(found);
    return {
      planVersionId,
      planName: row.plan_name,
      planVersion: row.version,
      flatFeeMicros: row.flat_fee_micros,
      price: priceOf(row, meter ?? ""),
    };
  }
}

const versionRow = priceColumns.extend({ plan_name: z.string(), version: z.number(), flat_fee_micros: z.bigint() });

const usageSql = `
  select date_trunc('day', hour, 'UTC') as day, sum(quantity)::text as quantity, sum(amount_micros)::text as amount_micros,
         sum(events)::text as events
    from usage_hourly
    where tenant_id = $1 and hour >= $2 and hour < $3 and plan_version_id = $4 and meter = $5 and price_model_id = $6
      and not is_late
    group by 1
    order by 1`;

const lateSql = `
  select date_trunc('day', occurred_at, 'UTC') as day, sum(quantity)::text as quantity,
         sum(amount_micros)::text as amount_micros, count(*)::text as events
    from usage_events
    where tenant_id = $1 and occurred_at >= $2 and occurred_at < $3 and plan_version_id = $4 and meter = $5
      and price_model_id = $6 and is_late and period_starts_at = $7
    group by 1
    order by 1`;
