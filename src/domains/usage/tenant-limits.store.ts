import { newId } from "../../core/ids.ts";
import type { Database, Prisma } from "../../platform/database.ts";
import type { TenantLimitModel } from "../../platform/generated/models.ts";
import { recordAuditEvent } from "../audit/audit-log.ts";
import type { LimitTerms } from "../plans/limit-terms.ts";
import { shownQuantity } from "../plans/meter.ts";

/** A limit of a tenant or of one of its keys, beside those of its plan or in the place of one. */
export interface TenantLimit {
  id: string;
  /** Undefined: of the whole tenant. */
  apiKeyId: string | undefined;
  /** Set by an operator: it takes the place of the plan's limit of the same kind, meter, model and period. */
  replacesPlan: boolean;
  kind: string;
  mode: string;
  meter: string | undefined;
  modelId: string | undefined;
  period: string | undefined;
  limit: number;
  refillPerSecond: number | undefined;
  createdAt: Date;
  createdBy: string;
}

/** Who changes a tenant's limits. An operator's change goes round the tenant's wall, which lets it set stricter ones only. */
export interface LimitChanger {
  isOperator: boolean;
  actorId: string;
  requestId: string | undefined;
}

export class TenantLimitsStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async list(tenantId: string): Promise<TenantLimit[]> {
    const rows = await this.#database.asSystem((prisma) =>
      prisma.tenantLimit.findMany({ where: { tenantId }, orderBy: { id: "asc" } }),
    );
    return rows.map(toLimit);
  }

  /**
   * Sets the limit, in the place of one of the same kind, meter, model and period by the same hand. It is a new limit with
   * a new id: its alerts begin anew. What was used before it counts in it.
   */
  async set(
    { tenantId, apiKeyId }: { tenantId: string; apiKeyId: string | undefined },
    terms: LimitTerms,
    changer: LimitChanger,
  ): Promise<TenantLimit> {
    return await this.#inTransaction(tenantId, changer, async (transaction) => {
      const { kind, mode, modelId, quantity } = terms;
      const same = {
        tenantId,
        apiKeyId: apiKeyId ?? null,
        kind,
        meter: terms.meter ?? null,
        modelId,
        period: terms.period ?? null,
        replacesPlan: changer.isOperator,
      };
      await transaction.tenantLimit.deleteMany({ where: same });
      const refillMicros = terms.refillMicros ?? null;
      const row = await transaction.tenantLimit.create({
        data: { ...same, id: newId("limit"), mode, quantity, refillMicros, createdBy: changer.actorId },
      });
      await record(transaction, { action: "limit.set", row, changer });
      return toLimit(row);
    });
  }

  /** Undefined: the tenant has no such limit, or not one that may be removed by this hand. */
  async remove(tenantId: string, id: string, changer: LimitChanger): Promise<TenantLimit | undefined> {
    return await this.#inTransaction(tenantId, changer, async (transaction) => {
      const where = { tenantId, id, ...(changer.isOperator ? {} : { replacesPlan: false }) };
      const row = await transaction.tenantLimit.findFirst({ where });
      if (row === null) return undefined;
      const { count } = await transaction.tenantLimit.deleteMany({ where });
      if (count === 0) return undefined;
      await record(transaction, { action: "limit.removed", row, changer });
      return toLimit(row);
    });
  }

  async #inTransaction<T>(
    tenantId: string,
    { isOperator }: LimitChanger,
    work: (transaction: Transaction) => Promise<T>,
  ): Promise<T> {
    return isOperator
      ? await this.#database.asSystem((prisma) => prisma.$transaction(work))
      : await this.#database.forTenant(tenantId, (prisma) => prisma.$transaction(work));
  }
}

type Transaction = Pick<Prisma, "tenantLimit" | "auditEvent">;

async function record(
  transaction: Transaction,
  { action, row, changer }: { action: string; row: TenantLimitModel; changer: LimitChanger },
): Promise<void> {
  const { tenantId, id, kind, mode, meter, period, quantity, apiKeyId } = row;
  await recordAuditEvent(transaction, {
    tenantId,
    actorId: changer.actorId,
    action,
    subjectId: id,
    details: {
      kind,
      mode,
      quantity: String(quantity),
      ...(meter === null ? {} : { meter }),
      ...(period === null ? {} : { period }),
      ...(apiKeyId === null ? {} : { apiKeyId }),
    },
    requestId: changer.requestId,
  });
}

function toLimit(row: TenantLimitModel): TenantLimit {
  return {
    id: row.id,
    apiKeyId: row.apiKeyId ?? undefined,
    replacesPlan: row.replacesPlan,
    kind: row.kind,
    mode: row.mode,
    meter: row.meter ?? undefined,
    modelId: row.modelId || undefined,
    period: row.period ?? undefined,
    limit: row.kind === "QUOTA" ? shownQuantity(row.meter ?? "", row.quantity) : Number(row.quantity),
    refillPerSecond: row.refillMicros === null ? undefined : Number(row.refillMicros) / 1e6,
    createdAt: row.createdAt,
    createdBy: row.createdBy,
  };
}
