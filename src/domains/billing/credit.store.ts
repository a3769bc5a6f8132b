import { isId, newId } from "../../core/ids.ts";
import type { Database } from "../../platform/database.ts";
import { recordAuditEvent } from "../audit/audit-log.ts";
import { creditBalances } from "./credit-balances.store.ts";
import type { CreditBalance } from "./credits.ts";

export interface NewCreditGrant {
  tenantId: string;
  amountMicros: bigint;
  priority: number;
  expiresAt: Date | undefined;
  reason: string;
  actorId: string;
  requestId: string | undefined;
}

export class CreditStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** All that the tenant was ever granted, oldest first, with what is left of each. */
  async balances(tenantId: string): Promise<CreditBalance[]> {
    return await this.#database.forTenant(tenantId, (prisma) => creditBalances(prisma, tenantId));
  }

  /** The same for operators. Undefined: there is no such tenant. */
  async currencyOf(tenantId: string): Promise<string | undefined> {
    if (!isId("tenant", tenantId)) return undefined;
    const tenant = await this.#database.asSystem((prisma) =>
      prisma.tenant.findFirst({ where: { id: tenantId }, select: { currency: true } }),
    );
    return tenant?.currency;
  }

  async grant(grant: NewCreditGrant & { currency: string; now: Date }): Promise<CreditBalance> {
    const { tenantId, amountMicros, currency, priority, expiresAt, reason, now, actorId, requestId } = grant;
    const id = newId("creditGrant");
    await this.#database.asSystem((prisma) =>
      prisma.$transaction(async (transaction) => {
        await transaction.creditGrant.create({
          data: {
            ...{ id, tenantId, amountMicros, currency, priority, reason },
            expiresAt: expiresAt ?? null,
            grantedAt: now,
            grantedBy: actorId,
          },
        });
        await recordAuditEvent(transaction, {
          tenantId,
          actorId,
          action: "credit.granted",
          subjectId: id,
          details: { amountMicros: String(amountMicros), currency, reason },
          requestId,
        });
      }),
    );
    return {
      id,
      tenantId,
      amountMicros,
      currency,
      priority,
      expiresAt,
      reason,
      grantedAt: now,
      remainingMicros: amountMicros,
    };
  }
}
