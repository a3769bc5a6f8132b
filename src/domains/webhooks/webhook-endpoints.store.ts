import { type Page, type PageRequest, pageOf } from "../../core/page.ts";
import type { Database, Prisma } from "../../platform/database.ts";
import type { WebhookEndpointModel } from "../../platform/generated/models.ts";
import { recordAuditEvent } from "../audit/audit-log.ts";
import type { DisabledFor, WebhookEndpoint } from "./webhook.ts";

/** Who asks for a change, for the audit log. */
export interface ChangedBy {
  tenantId: string;
  actorId: string;
  requestId: string | undefined;
}

export type NewEndpoint = Pick<WebhookEndpoint, "id" | "url" | "description" | "events" | "createdAt">;

/** What can change of an endpoint. */
export type EndpointChange = Partial<
  Pick<WebhookEndpointModel, "url" | "description" | "eventTypes" | "secretVersion" | "previousSecretExpiresAt"> &
    Pick<WebhookEndpointModel, "failingSince" | "disabledAt" | "disabledFor">
>;

type Transaction = Pick<Prisma, "webhookEndpoint" | "auditEvent" | "$queryRaw" | "$executeRaw">;

/** A tenant's endpoints. Every change leaves an audit event with its transaction. */
export class WebhookEndpointsStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The tenant's endpoints, newest first. */
  async page(tenantId: string, page: PageRequest): Promise<Page<WebhookEndpoint>> {
    const rows = await this.#database.forTenant(tenantId, (prisma) =>
      prisma.webhookEndpoint.findMany({
        where: { tenantId, ...(page.after === undefined ? {} : { id: { lt: page.after } }) },
        orderBy: { id: "desc" },
        take: page.first + 1,
      }),
    );
    return pageOf(rows.map(toEndpoint), page);
  }

  async find(tenantId: string, id: string): Promise<WebhookEndpoint | undefined> {
    return await this.#database.forTenant(tenantId, (prisma) => findEndpoint(prisma, tenantId, id));
  }

  /** Undefined when the tenant has as many as it may. Of two callers at once, the second one counts the first one's. */
  async insert(by: ChangedBy, endpoint: NewEndpoint, most: number): Promise<WebhookEndpoint | undefined> {
    return await this.#inTransaction(by.tenantId, async (transaction) => {
      await transaction.$executeRaw`select pg_advisory_xact_lock(72707376, hashtext(${by.tenantId}))`;
      if ((await transaction.webhookEndpoint.count({ where: { tenantId: by.tenantId } })) >= most) return undefined;
      const { events, ...rest } = endpoint;
      const row = await transaction.webhookEndpoint.create({
        data: { ...rest, eventTypes: events, tenantId: by.tenantId, createdBy: by.actorId },
      });
      const details = { url: endpoint.url, events };
      await audit(transaction, by, { action: "webhook_endpoint.created", subjectId: endpoint.id, details });
      return toEndpoint(row);
    });
  }

  /**
   * Changes it as `decide` says, which is called while it is locked: of two callers at once, the second decides on what
   * the first one left. What it throws leaves everything as it was; undefined changes nothing.
   */
  async change(
    by: ChangedBy,
    of: { id: string; action: string },
    decide: (endpoint: WebhookEndpoint) => EndpointChange | undefined,
  ): Promise<WebhookEndpoint | undefined> {
    return await this.#inTransaction(by.tenantId, async (transaction) => {
      const endpoint = await lockEndpoint(transaction, by.tenantId, of.id);
      const change = endpoint && decide(endpoint);
      if (change === undefined) return endpoint;
      await transaction.webhookEndpoint.updateMany({ where: { tenantId: by.tenantId, id: of.id }, data: change });
      await audit(transaction, by, { action: of.action, subjectId: of.id, details: detailsOf(change) });
      return await findEndpoint(transaction, by.tenantId, of.id);
    });
  }

  /** Deletes it with its deliveries. Returns what it was. */
  async delete(by: ChangedBy, id: string): Promise<WebhookEndpoint | undefined> {
    return await this.#inTransaction(by.tenantId, async (transaction) => {
      const endpoint = await lockEndpoint(transaction, by.tenantId, id);
      if (endpoint === undefined) return undefined;
      await transaction.webhookEndpoint.deleteMany({ where: { tenantId: by.tenantId, id } });
      const details = { url: endpoint.url };
      await audit(transaction, by, { action: "webhook_endpoint.deleted", subjectId: id, details });
      return endpoint;
    });
  }

  async #inTransaction<T>(tenantId: string, work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return await this.#database.forTenant(tenantId, (prisma) => prisma.$transaction(work));
  }
}

async function lockEndpoint(
  transaction: Transaction,
  tenantId: string,
  id: string,
): Promise<WebhookEndpoint | undefined> {
  await transaction.$queryRaw`
    select id
    from webhook_endpoints
    where tenant_id = ${tenantId}
      and id = ${id}
    for update`;
  return await findEndpoint(transaction, tenantId, id);
}

async function findEndpoint(
  prisma: Pick<Prisma, "webhookEndpoint">,
  tenantId: string,
  id: string,
): Promise<WebhookEndpoint | undefined> {
  const row = await prisma.webhookEndpoint.findFirst({ where: { tenantId, id } });
  return row === null ? undefined : toEndpoint(row);
}

async function audit(
  transaction: Transaction,
  { tenantId, actorId, requestId }: ChangedBy,
  event: { action: string; subjectId: string; details: Record<string, string | string[]> },
): Promise<void> {
  await recordAuditEvent(transaction, { tenantId, actorId, requestId, ...event });
}

/** What an audit event says of a change: the new values, as text. */
function detailsOf(change: EndpointChange): Record<string, string | string[]> {
  const told = Object.entries(change).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(
    told.map(([name, value]) => [name, Array.isArray(value) ? value.map(String) : textOf(value)]),
  );
}

function textOf(value: unknown): string {
  return value instanceof Date ? value.toISOString() : String(value);
}

function toEndpoint({ eventTypes, ...row }: WebhookEndpointModel): WebhookEndpoint {
  return {
    ...row,
    events: eventTypes,
    previousSecretExpiresAt: row.previousSecretExpiresAt ?? undefined,
    failingSince: row.failingSince ?? undefined,
    disabledAt: row.disabledAt ?? undefined,
    disabledFor: disabledForOf(row.disabledFor),
  };
}

function disabledForOf(text: string | null): DisabledFor | undefined {
  return (["ASKED", "FAILING", "GONE"] as const).find((reason) => reason === text);
}
