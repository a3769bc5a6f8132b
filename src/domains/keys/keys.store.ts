import { isId, newId } from "../../core/ids.ts";
import { type Page, type PageRequest, pageOf } from "../../core/page.ts";
import { isPermission } from "../../core/permission.ts";
import type { Database, Prisma } from "../../platform/database.ts";
import type { ApiKeyModel } from "../../platform/generated/models.ts";
import { recordAuditEvent } from "../audit/audit-log.ts";
import type { LimitTerms } from "../plans/limit-terms.ts";
import type { ApiKey, NewApiKey } from "./api-key.ts";

interface Insertion {
  key: NewApiKey;
  limits: LimitTerms[];
  maxActive: number;
  requestId: string | undefined;
}

interface RotationOf {
  /** Called with the old key while it is locked; what it throws leaves everything as it was. */
  decide: (old: ApiKey) => { key: NewApiKey; oldExpiresAt: Date };
  maxActive: number;
  requestId: string | undefined;
}

interface Revocation {
  revokedAt: Date;
  actorId: string;
  requestId: string | undefined;
}

type Transaction = Pick<Prisma, "apiKey" | "tenantLimit" | "auditEvent" | "$queryRaw" | "$executeRaw">;
type Row = Omit<ApiKeyModel, "secretHash">;

export class ApiKeyStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The tenant's keys, newest first. */
  async page(tenantId: string, page: PageRequest): Promise<Page<ApiKey>> {
    const rows = await this.#database.forTenant(tenantId, (prisma) =>
      prisma.apiKey.findMany({
        where: { tenantId, ...(page.after === undefined ? {} : { id: { lt: page.after } }) },
        omit: { secretHash: true },
        orderBy: { id: "desc" },
        take: page.first + 1,
      }),
    );
    return pageOf(rows.map(toApiKey), page);
  }

  async find(tenantId: string, id: string): Promise<ApiKey | undefined> {
    if (!isId("apiKey", id)) return undefined;
    return await this.#database.forTenant(tenantId, (prisma) => findKey(prisma, tenantId, id));
  }

  /** Those of the ids that are the tenant's. */
  async byId(tenantId: string, ids: string[]): Promise<Map<string, ApiKey>> {
    const rows = await this.#database.forTenant(tenantId, (prisma) =>
      prisma.apiKey.findMany({ where: { tenantId, id: { in: ids } }, omit: { secretHash: true } }),
    );
    return new Map(rows.map((row) => [row.id, toApiKey(row)]));
  }

  /** Nothing is written, and undefined returned, when the tenant has as many active keys as it may. */
  async insert(tenantId: string, { key, limits, maxActive, requestId }: Insertion): Promise<ApiKey | undefined> {
    return await this.#inTransaction(tenantId, async (transaction) => {
      if (!(await hasRoom(transaction, { tenantId, maxActive, now: key.createdAt }))) return undefined;
      const apiKey = await insertKey(transaction, tenantId, key);
      await insertLimits(transaction, apiKey, limits);
      await recordAuditEvent(transaction, {
        tenantId,
        actorId: key.createdBy,
        action: "api_key.issued",
        subjectId: key.id,
        details: {
          name: key.name,
          permissions: key.permissions,
          allowedCidrs: key.allowedCidrs,
          ...(key.expiresAt === undefined ? {} : { expiresAt: key.expiresAt.toISOString() }),
        },
        requestId,
      });
      return apiKey;
    });
  }

  /** Of two callers at once, the second waits for the row and is then shown a key that was rotated already. */
  async rotate(tenantId: string, id: string, rotation: RotationOf): Promise<ApiKey | "TOO_MANY" | undefined> {
    return await this.#inTransaction(tenantId, async (transaction) => {
      const old = await lockKey(transaction, tenantId, id);
      if (old === undefined) return undefined;
      const { key, oldExpiresAt } = rotation.decide(old);
      const endingId = oldExpiresAt <= key.createdAt ? id : undefined;
      const room = { tenantId, maxActive: rotation.maxActive, now: key.createdAt, endingId };
      if (!(await hasRoom(transaction, room))) return "TOO_MANY";
      const apiKey = await insertKey(transaction, tenantId, key);
      await copyLimits(transaction, id, apiKey);
      await transaction.apiKey.updateMany({
        where: { tenantId, id },
        data: { expiresAt: oldExpiresAt, rotatedTo: key.id },
      });
      await recordAuditEvent(transaction, {
        tenantId,
        actorId: key.createdBy,
        action: "api_key.rotated",
        subjectId: id,
        details: { rotatedTo: key.id, expiresAt: oldExpiresAt.toISOString() },
        requestId: rotation.requestId,
      });
      return apiKey;
    });
  }

  /** Of two callers at once, the second waits for the row and finds it revoked: one revocation, one audit event. */
  async revoke(tenantId: string, id: string, by: Revocation): Promise<ApiKey | undefined> {
    return await this.#inTransaction(tenantId, async (transaction) => {
      const key = await lockKey(transaction, tenantId, id);
      if (key === undefined || key.revokedAt !== undefined) return key;
      await transaction.apiKey.updateMany({ where: { tenantId, id }, data: { revokedAt: by.revokedAt } });
      await recordAuditEvent(transaction, {
        tenantId,
        actorId: by.actorId,
        action: "api_key.revoked",
        subjectId: id,
        details: { name: key.name },
        requestId: by.requestId,
      });
      return { ...key, revokedAt: by.revokedAt };
    });
  }

  async #inTransaction<T>(tenantId: string, work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return await this.#database.forTenant(tenantId, (prisma) => prisma.$transaction(work));
  }
}

interface Room {
  tenantId: string;
  maxActive: number;
  now: Date;
  /** A key that ends with the transaction, and so makes room. */
  endingId?: string | undefined;
}

/** Locks out other makers of keys of the tenant until the transaction ends, so that the last place is given once. */
async function hasRoom(transaction: Transaction, { tenantId, maxActive, now, endingId }: Room): Promise<boolean> {
  await transaction.$executeRaw`select pg_advisory_xact_lock(72707373, hashtext(${tenantId}))`;
  const active = await transaction.apiKey.count({
    where: {
      tenantId,
      revokedAt: null,
      OR: [{ expiresAt: null }, { expiresAt: { gt: now } }],
      ...(endingId === undefined ? {} : { id: { not: endingId } }),
    },
  });
  return active < maxActive;
}

async function insertKey(transaction: Transaction, tenantId: string, key: NewApiKey): Promise<ApiKey> {
  const row = await transaction.apiKey.create({
    data: { ...key, tenantId, expiresAt: key.expiresAt ?? null },
    omit: { secretHash: true },
  });
  return toApiKey(row);
}

/** Limits beside those of the tenant and its plan: the tenant's role can set no others. */
async function insertLimits(
  transaction: Transaction,
  { tenantId, id, createdBy }: ApiKey,
  limits: LimitTerms[],
): Promise<void> {
  await transaction.tenantLimit.createMany({
    data: limits.map((limit) => ({
      ...limit,
      tenantId,
      id: newId("limit"),
      apiKeyId: id,
      replacesPlan: false,
      meter: limit.meter ?? null,
      period: limit.period ?? null,
      refillMicros: limit.refillMicros ?? null,
      createdBy,
    })),
  });
}

/** A key that takes another's place is limited as that one was; what it used is not carried over. */
async function copyLimits(transaction: Transaction, oldId: string, apiKey: ApiKey): Promise<void> {
  const { tenantId, id: apiKeyId, createdBy } = apiKey;
  const limits = await transaction.tenantLimit.findMany({
    where: { tenantId, apiKeyId: oldId },
    omit: { createdAt: true },
  });
  await transaction.tenantLimit.createMany({
    data: limits.map((limit) => ({ ...limit, id: newId("limit"), apiKeyId, createdBy })),
  });
}

async function lockKey(transaction: Transaction, tenantId: string, id: string): Promise<ApiKey | undefined> {
  await transaction.$queryRaw`
    select id
    from api_keys
    where tenant_id = ${tenantId}
      and id = ${id}
    for no key update`;
  return await findKey(transaction, tenantId, id);
}

async function findKey(prisma: Pick<Prisma, "apiKey">, tenantId: string, id: string): Promise<ApiKey | undefined> {
  const row = await prisma.apiKey.findFirst({ where: { tenantId, id }, omit: { secretHash: true } });
  return row === null ? undefined : toApiKey(row);
}

function toApiKey(row: Row): ApiKey {
  return {
    ...row,
    permissions: row.permissions.filter(isPermission),
    expiresAt: row.expiresAt ?? undefined,
    lastUsedAt: row.lastUsedAt ?? undefined,
    revokedAt: row.revokedAt ?? undefined,
    rotatedTo: row.rotatedTo ?? undefined,
  };
}
