import type { Database } from "../../platform/database.ts";
import type { WebhookAttempt, WebhookDelivery, WebhookEndpoint } from "./webhook.ts";

/** What is needed to send one delivery once. */
export interface ClaimedDelivery
  extends Pick<WebhookDelivery, "id" | "tenantId" | "eventId" | "eventType" | "payload"> {
  createdAt: Date;
  tries: number;
  /** Which attempt it is: what another gateway has claimed since is not settled by this one. */
  attempt: number;
  endpoint: Pick<WebhookEndpoint, "id" | "url" | "secretVersion" | "previousSecretExpiresAt">;
}

/** How a claimed delivery goes on. */
export type Settlement =
  | { kind: "DELIVERED" }
  | { kind: "RETRY"; afterMs: number }
  | { kind: "EXHAUSTED" }
  /** The endpoint says that it is no more. */
  | { kind: "GONE" };

interface ClaimRow {
  id: string;
  tenant_id: string;
  event_id: string;
  event_type: string;
  payload: Record<string, unknown>;
  created_at: Date;
  tries: number;
  attempts: number;
  endpoint_id: string;
  url: string;
  secret_version: number;
  previous_secret_expires_at: Date | null;
}

export interface ClaimLimits {
  leaseMs: number;
  room: number;
  perEndpoint: number;
  perTenant: number;
}

const keptAttempts = 20;

/** The sender's side of the outbox, across tenants. */
export class WebhookOutboxStore {
  readonly #database: Database;
  readonly #holder: string;

  /** @param holder names this gateway process: it is written down on what it is sending. */
  constructor(database: Database, holder: string) {
    this.#database = database;
    this.#holder = holder;
  }

  /** Takes deliveries that are due. What is not settled within the lease is due again. */
  async claim(limits: ClaimLimits): Promise<ClaimedDelivery[]> {
    const rows = await this.#database.systemSql<ClaimRow>({
      name: "claim-webhooks",
      text: `
        select d.id, d.tenant_id, d.event_id, d.event_type, d.payload, d.created_at, d.tries, d.attempts, d.endpoint_id,
               e.url, e.secret_version, e.previous_secret_expires_at
          from claim_webhooks($1, $2 * interval '1 millisecond', $3, $4, $5) d
          join webhook_endpoints e on e.id = d.endpoint_id`,
      values: [this.#holder, limits.leaseMs, limits.room, limits.perEndpoint, limits.perTenant],
    });
    return rows.map(toClaimed);
  }

  /**
   * Writes down what came of it, for the delivery and for its endpoint. Returns why the endpoint was disabled by it, if it
   * was. A claim that another gateway has taken over in the meantime is left to that one.
   */
  async settle(
    claimed: ClaimedDelivery,
    attempt: WebhookAttempt,
    settlement: Settlement,
  ): Promise<"FAILING" | "GONE" | undefined> {
    const afterMs = settlement.kind === "RETRY" ? settlement.afterMs : 0;
    return await this.#database.systemTransaction(async (sql) => {
      const settled = await sql({
        name: "settle-webhook-delivery",
        text: settleSql,
        values: [claimed.id, this.#holder, claimed.attempt, settlement.kind, afterMs, JSON.stringify(toLog(attempt))],
      });
      if (settled.length === 0) return undefined;
      const [endpoint] = await sql({
        name: "settle-webhook-endpoint",
        text: endpointSql,
        values: [claimed.tenantId, claimed.endpoint.id, settlement.kind, failingLimit],
      });
      const disabledFor = endpoint?.["disabled_for"];
      if (disabledFor !== "FAILING" && disabledFor !== "GONE") return undefined;
      await sql({
        name: "audit-disabled-endpoint",
        text: `
          insert into audit_events (id, tenant_id, actor_id, action, subject_id, details)
            values ('aud_' || sortable_id(clock_timestamp()), $1, 'tollgate', 'webhook_endpoint.disabled', $2,
                    jsonb_build_object('reason', $3::text))`,
        values: [claimed.tenantId, claimed.endpoint.id, disabledFor],
      });
      return disabledFor;
    });
  }

  /** Forgets deliveries that ended longer ago than that. */
  async deleteEnded(days: number): Promise<void> {
    await this.#database.systemSql({
      name: "delete-webhook-deliveries",
      text: "delete from webhook_deliveries where ended_at < now() - $1 * interval '1 day'",
      values: [days],
    });
  }

  /** Tells of keys that stop within a week: of each once, for the event's id is made of the key's. */
  async enqueueExpiringKeys(): Promise<void> {
    await this.#database.systemSql({
      name: "enqueue-expiring-keys",
      text: `
        select enqueue_webhook(
                 k.tenant_id, 'api_key.expiring',
                 jsonb_build_object('apiKeyId', k.id, 'name', k.name,
                   'expiresAt', to_char(k.expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')),
                 'evt_' || substr(k.id, 5))
          from api_keys k
          where k.expires_at between now() and now() + interval '7 days'
            and k.revoked_at is null
            and k.rotated_to is null
            and exists (
              select from webhook_endpoints e where e.tenant_id = k.tenant_id and 'api_key.expiring' = any (e.event_types)
            )`,
    });
  }
}

/** An endpoint that failed for this long without a break is disabled. */
const failingLimit = "5 days";

const settleSql = `
  update webhook_deliveries
    set status = case $4 when 'DELIVERED' then 'DELIVERED' when 'RETRY' then 'PENDING' else 'EXHAUSTED' end,
        due_at = clock_timestamp() + $5 * interval '1 millisecond',
        claimed_by = null,
        ended_at = case when $4 = 'RETRY' then null else clock_timestamp() end,
        attempt_log = (
          select jsonb_agg(entry order by n)
            from jsonb_array_elements(attempt_log || $6::jsonb) with ordinality as log(entry, n)
            where n > jsonb_array_length(attempt_log) + 1 - ${keptAttempts}
        )
    where id = $1
      and claimed_by = $2
      and attempts = $3
    returning id`;

// Returns a row only where the endpoint was not disabled before.
const endpointSql = `
  update webhook_endpoints
    set failing_since = case when $3 = 'DELIVERED' then null else coalesce(failing_since, clock_timestamp()) end,
        disabled_at = case when $3 = 'GONE' or $3 <> 'DELIVERED' and failing_since < clock_timestamp() - $4::interval
                           then clock_timestamp() end,
        disabled_for = case when $3 = 'GONE' then 'GONE'
                            when $3 <> 'DELIVERED' and failing_since < clock_timestamp() - $4::interval then 'FAILING' end
    where tenant_id = $1
      and id = $2
      and disabled_at is null
    returning disabled_for`;

function toLog({ at, durationMs, responseCode, responseStart, error }: WebhookAttempt) {
  return {
    at: at.toISOString(),
    durationMs,
    responseCode: responseCode ?? null,
    responseStart: responseStart ?? null,
    error: error ?? null,
  };
}

function toClaimed(row: ClaimRow): ClaimedDelivery {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    eventId: row.event_id,
    eventType: row.event_type,
    payload: row.payload,
    createdAt: row.created_at,
    tries: row.tries,
    attempt: row.attempts,
    endpoint: {
      id: row.endpoint_id,
      url: row.url,
      secretVersion: row.secret_version,
      previousSecretExpiresAt: row.previous_secret_expires_at ?? undefined,
    },
  };
}
