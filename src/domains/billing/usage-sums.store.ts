import { z } from "zod";
import { dayMs, daysIn, type Period } from "../../core/period.ts";
import type { Database } from "../../platform/database.ts";
import { type EventSums, groupKey } from "./usage-sums.ts";

const sumRow = z.object({
  plan_version_id: z.string(),
  meter: z.string(),
  price_model_id: z.string(),
  quantity: z.coerce.bigint(),
  amount_micros: z.coerce.bigint(),
});

/** How many events are added up in one statement: 0.2 s on one core. */
const eventsAtOnce = 500_000;

/** Adds up the events themselves, outside of any lock. */
export class UsageSumsStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** In slices of whole days, each short enough for a statement's time limit however much the tenant used. */
  async ofPeriod(tenantId: string, period: Period): Promise<EventSums> {
    const sums = new Map<string, { quantity: bigint; amountMicros: bigint }>();
    for (const slice of await this.#slices(tenantId, period)) {
      for (const found of await this.#ofSlice(tenantId, slice)) {
        const row = sumRow.parse(found);
        const key = groupKey({
          planVersionId: row.plan_version_id,
          meter: row.meter,
          priceModelId: row.price_model_id,
        });
        const sum = sums.get(key) ?? { quantity: 0n, amountMicros: 0n };
        sums.set(key, { quantity: sum.quantity + row.quantity, amountMicros: sum.amountMicros + row.amount_micros });
      }
    }
    return sums;
  }

  async #ofSlice(tenantId: string, { startsAt, endsAt }: Period): Promise<unknown[]> {
    return await this.#database.systemSql({
      text: `
        select plan_version_id, meter, price_model_id, sum(quantity)::text as quantity, sum(amount_micros)::text as amount_micros
          from usage_events
          where tenant_id = $1 and occurred_at >= $2 and occurred_at < $3 and not is_late
          group by 1, 2, 3`,
      values: [tenantId, startsAt, endsAt],
    });
  }

  async #slices(tenantId: string, { startsAt, endsAt }: Period): Promise<Period[]> {
    const [row] = await this.#database.systemSql({
      text: `select coalesce(sum(events), 0)::text as events from usage_hourly where tenant_id = $1 and hour >= $2 and hour < $3`,
      values: [tenantId, startsAt, endsAt],
    });
    const days = daysIn({ startsAt, endsAt });
    const count = Math.min(days, Math.ceil(Number(row?.["events"] ?? 0) / eventsAtOnce) || 1);
    const bound = (index: number) =>
      index === count ? endsAt : new Date(startsAt.getTime() + Math.floor((index * days) / count) * dayMs);
    return Array.from({ length: count }, (_, index) => ({ startsAt: bound(index), endsAt: bound(index + 1) }));
  }
}
