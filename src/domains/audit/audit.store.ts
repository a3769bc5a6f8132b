import { type Page, type PageRequest, pageOf } from "../../core/page.ts";
import type { Database, Prisma } from "../../platform/database.ts";
import type { AuditEventModel } from "../../platform/generated/models.ts";
import type { AuditEvent } from "./audit-log.ts";

export class AuditStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The tenant's events, newest first. */
  async pageOfTenant(tenantId: string, page: PageRequest): Promise<Page<AuditEvent>> {
    return await this.#database.forTenant(tenantId, (prisma) => readPage(prisma, { tenantId }, page));
  }

  async findOfTenant(tenantId: string, id: string): Promise<AuditEvent | undefined> {
    const row = await this.#database.forTenant(tenantId, (prisma) =>
      prisma.auditEvent.findFirst({ where: { tenantId, id } }),
    );
    return row === null ? undefined : toAuditEvent(row);
  }

  /** The platform's own events, which belong to no tenant, newest first. */
  async pageOfPlatform(page: PageRequest): Promise<Page<AuditEvent>> {
    return await this.#database.asSystem((prisma) => readPage(prisma, { tenantId: null }, page));
  }
}

async function readPage(prisma: Prisma, of: { tenantId: string | null }, page: PageRequest): Promise<Page<AuditEvent>> {
  const rows = await prisma.auditEvent.findMany({
    where: { ...of, ...(page.after === undefined ? {} : { id: { lt: page.after } }) },
    orderBy: { id: "desc" },
    take: page.first + 1,
  });
  return pageOf(rows.map(toAuditEvent), page);
}

function toAuditEvent(row: AuditEventModel): AuditEvent {
  return {
    id: row.id,
    tenantId: row.tenantId ?? undefined,
    actorId: row.actorId,
    action: row.action,
    subjectId: row.subjectId,
    details: row.details as AuditEvent["details"],
    occurredAt: row.occurredAt,
  };
}
