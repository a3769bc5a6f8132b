import { z } from "zod";
import { newId } from "../../core/ids.ts";
import { type Page, type PageRequest, pageOf } from "../../core/page.ts";
import type { Database } from "../../platform/database.ts";
import { type DeliveryStatus, testEventType, type WebhookDelivery } from "./webhook.ts";

interface DeliveryRow {
  id: string;
  tenant_id: string;
  endpoint_id: string;
  event_id: string;
  event_type: string;
  payload: Record<string, unknown>;
  created_at: Date;
  status: DeliveryStatus;
  due_at: Date;
  attempts: number;
  tries: number;
  attempt_log: unknown;
  ended_at: Date | null;
}

const columns = `id, tenant_id, endpoint_id, event_id, event_type, payload, created_at, status, due_at, attempts, tries,
           attempt_log, ended_at`;

/** What a tenant sees of its deliveries, and asks to be sent again. */
export class WebhookDeliveriesStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The deliveries of one endpoint, newest first. */
  async page(
    tenantId: string,
    of: { endpointId: string; status: DeliveryStatus | undefined },
    page: PageRequest,
  ): Promise<Page<WebhookDelivery>> {
    const rows = await this.#database.tenantSql<DeliveryRow>(tenantId, {
      name: "webhook-deliveries",
      text: `
        select ${columns}
          from webhook_deliveries
          where tenant_id = $1
            and endpoint_id = $2
            and ($3::text is null or status = $3)
            and ($4::text is null or id < $4)
          order by id desc
          limit $5`,
      values: [tenantId, of.endpointId, of.status, page.after, page.first + 1],
    });
    return pageOf(rows.map(toDelivery), page);
  }

  async find(tenantId: string, id: string): Promise<WebhookDelivery | undefined> {
    const [row] = await this.#database.tenantSql<DeliveryRow>(tenantId, {
      name: "webhook-delivery",
      text: `select ${columns} from webhook_deliveries where tenant_id = $1 and id = $2`,
      values: [tenantId, id],
    });
    return row && toDelivery(row);
  }

  /**
   * Makes it due now, with all its tries before it, under the event id that it has. While it is being sent, that stands:
   * an attempt that is under way is what was asked for.
   */
  async replay(tenantId: string, id: string): Promise<WebhookDelivery | undefined> {
    const [row] = await this.#database.tenantSql<DeliveryRow>(tenantId, {
      name: "replay-webhook-delivery",
      text: `
        update webhook_deliveries
          set due_at = case when claimed_by is null then clock_timestamp() else due_at end,
              status = 'PENDING', tries = 0, ended_at = null
          where tenant_id = $1
            and id = $2
          returning ${columns}`,
      values: [tenantId, id],
    });
    await this.#wake();
    return row && toDelivery(row);
  }

  /** Sends a test to the endpoint, whatever it subscribed to. */
  async insertTest(tenantId: string, endpointId: string): Promise<WebhookDelivery | undefined> {
    const [row] = await this.#database.tenantSql<DeliveryRow>(tenantId, {
      name: "insert-test-webhook",
      text: `
        insert into webhook_deliveries (id, tenant_id, endpoint_id, event_id, event_type, payload)
          select $3, tenant_id, id, $4, $5, jsonb_build_object('endpointId', id)
            from webhook_endpoints
            where tenant_id = $1
              and id = $2
          returning ${columns}`,
      values: [tenantId, endpointId, newId("webhookDelivery"), newId("webhookEvent"), testEventType],
    });
    await this.#wake();
    return row && toDelivery(row);
  }

  async #wake(): Promise<void> {
    await this.#database.systemSql({ name: "wake-webhooks", text: "select pg_notify('tollgate_webhooks', '')" });
  }
}

const attemptLogSchema = z.array(
  z
    .object({
      at: z.coerce.date(),
      durationMs: z.number(),
      responseCode: z.number().nullable(),
      responseStart: z.string().nullable(),
      error: z.string().nullable(),
    })
    .transform(({ responseCode, responseStart, error, ...rest }) => ({
      ...rest,
      responseCode: responseCode ?? undefined,
      responseStart: responseStart ?? undefined,
      error: error ?? undefined,
    })),
);

function toDelivery(row: DeliveryRow): WebhookDelivery {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    endpointId: row.endpoint_id,
    eventId: row.event_id,
    eventType: row.event_type,
    payload: row.payload,
    createdAt: row.created_at,
    status: row.status,
    dueAt: row.due_at,
    attempts: row.attempts,
    tries: row.tries,
    attemptLog: attemptLogSchema.parse(row.attempt_log),
    endedAt: row.ended_at ?? undefined,
  };
}
