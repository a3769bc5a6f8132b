import type { Abandoned } from "../../core/abandonment.ts";
import { type Page, pageOf } from "../../core/page.ts";
import type { Database } from "../../platform/database.ts";
import type { EventPlace, UsageEvent, UsageEventsQuery } from "./usage-events.ts";

interface EventRow {
  id: string;
  at_micros: string;
  meter: string;
  quantity: string;
  amount_micros: string;
  plan_version_id: string;
  inference_id: string;
  model_id: string;
  model_version_id: string;
  api_key_id: string | null;
  user_id: string | null;
  idempotency_key: string | null;
  reverses_id: string | null;
  reason: string | null;
  is_late: boolean;
}

const columns = `id, (extract(epoch from occurred_at) * 1000000)::bigint as at_micros, meter, quantity, amount_micros,
           plan_version_id, inference_id, model_id, model_version_id, api_key_id, user_id, idempotency_key, reverses_id,
           reason, is_late`;

/** The ledger's events, for reading. */
export class UsageEventsStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The tenant's events in the period, newest first. What is charged meanwhile does not move a page's end. */
  async page(
    tenantId: string,
    query: UsageEventsQuery,
    { first, after }: { first: number; after: EventPlace | undefined },
  ): Promise<Page<UsageEvent>> {
    const rows = await this.#database.tenantSql<EventRow>(tenantId, {
      name: "usage-events",
      text: `
        select ${columns}
          from usage_events
          where tenant_id = $1
            and occurred_at >= $2
            and occurred_at < $3
            and ($4::text is null or meter = $4)
            and ($5::text is null or model_id = $5)
            and ($6::text is null or api_key_id = $6)
            and ($7::bigint is null
                 or (occurred_at, id) < (timestamptz 'epoch' + $7 * interval '1 microsecond', $8::text))
          order by occurred_at desc, id desc
          limit $9`,
      values: [
        ...[tenantId, query.startsAt, query.endsAt, query.meter, query.modelId, query.apiKeyId],
        ...[after?.occurredAtMicros.toString(), after?.id, first + 1],
      ],
    });
    return pageOf(rows.map(toEvent), { first });
  }

  /** All of the tenant's events in the period, oldest first, some thousand at a time, as they stood at the first. */
  stream(
    tenantId: string,
    { startsAt, endsAt }: Pick<UsageEventsQuery, "startsAt" | "endsAt">,
    abandoned: Abandoned,
  ): AsyncIterable<UsageEvent[]> {
    return this.#database.tenantStream<EventRow, UsageEvent>(tenantId, {
      text: `
        select ${columns}
          from usage_events
          where tenant_id = $1
            and occurred_at >= $2
            and occurred_at < $3
          order by occurred_at, id`,
      values: [tenantId, startsAt, endsAt],
      map: toEvent,
      abandoned,
    });
  }
}

function toEvent(row: EventRow): UsageEvent {
  return {
    id: row.id,
    occurredAtMicros: BigInt(row.at_micros),
    meter: row.meter,
    quantity: BigInt(row.quantity),
    amountMicros: BigInt(row.amount_micros),
    planVersionId: row.plan_version_id,
    inferenceId: row.inference_id,
    modelId: row.model_id,
    modelVersionId: row.model_version_id,
    apiKeyId: row.api_key_id ?? undefined,
    userId: row.user_id ?? undefined,
    idempotencyKey: row.idempotency_key ?? undefined,
    reversesId: row.reverses_id ?? undefined,
    reason: row.reason ?? undefined,
    isLate: row.is_late,
  };
}
