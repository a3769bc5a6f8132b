import { isId } from "../../core/ids.ts";
import type { Database, Prisma } from "../../platform/database.ts";
import { recordAuditEvent } from "../audit/audit-log.ts";
import type { BillingDetails, BillingTermsChange } from "./billing-details.ts";

interface Change {
  tenantId: string;
  actorId: string;
  requestId: string | undefined;
}

export interface TenantTerms {
  currency: string;
  taxRatePpm: number;
  anchorDay: number;
}

export class BillingDetailsStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Undefined: there is no such tenant. Who has set nothing is addressed by the tenant's name. */
  async find(tenantId: string): Promise<(BillingDetails & TenantTerms) | undefined> {
    if (!isId("tenant", tenantId)) return undefined;
    return await this.#database.forTenant(tenantId, async (prisma) => {
      const tenant = await prisma.tenant.findFirst({ where: { id: tenantId } });
      if (tenant === null) return undefined;
      const row = await prisma.billingDetails.findFirst({ where: { tenantId } });
      const { currency, taxRatePpm, billingAnchorDay: anchorDay } = tenant;
      const terms = { currency, taxRatePpm, anchorDay };
      return {
        name: row?.name ?? tenant.name,
        address: row?.address ?? "",
        taxId: row?.taxId ?? "",
        email: row?.email ?? "",
        ...terms,
      };
    });
  }

  async set(details: BillingDetails, { tenantId, actorId, requestId }: Change): Promise<void> {
    await this.#database.asSystem((prisma) =>
      prisma.$transaction(async (transaction) => {
        await transaction.billingDetails.upsert({
          where: { tenantId },
          create: { tenantId, ...details },
          update: { ...details, updatedAt: new Date() },
        });
        await recordAuditEvent(transaction, {
          tenantId,
          actorId,
          action: "billing_details.set",
          subjectId: tenantId,
          details: { ...details },
          requestId,
        });
      }),
    );
  }

  /** "IN_USE": the anchor day cannot change any more, for there is usage or an invoice in periods that it made. */
  async setTerms(
    { taxRatePpm, anchorDay }: BillingTermsChange,
    { tenantId, actorId, requestId }: Change,
  ): Promise<"SET" | "IN_USE" | "NO_TENANT"> {
    if (!isId("tenant", tenantId)) return "NO_TENANT";
    return await this.#database.asSystem((prisma) =>
      prisma.$transaction(async (transaction) => {
        await transaction.$queryRaw`select 1 from lock_tenant_ledger(${tenantId})`;
        const tenant = await transaction.tenant.findFirst({ where: { id: tenantId } });
        if (tenant === null) return "NO_TENANT";
        const terms = {
          taxRatePpm: taxRatePpm ?? tenant.taxRatePpm,
          billingAnchorDay: anchorDay ?? tenant.billingAnchorDay,
        };
        const movesPeriods = terms.billingAnchorDay !== tenant.billingAnchorDay;
        if (movesPeriods && (await hasBilled(transaction, tenantId))) return "IN_USE";
        await transaction.tenant.updateMany({ where: { id: tenantId }, data: terms });
        await recordAuditEvent(transaction, {
          tenantId,
          actorId,
          action: "billing_terms.set",
          subjectId: tenantId,
          details: terms,
          requestId,
        });
        return "SET";
      }),
    );
  }
}

/** Whether there is usage, or an invoice, in a period of the tenant's. */
async function hasBilled(transaction: Pick<Prisma, "$queryRaw">, tenantId: string): Promise<boolean> {
  const [row] = await transaction.$queryRaw<{ billed: boolean }[]>`
    select l.closed_until is not null or exists (select from usage_hourly h where h.tenant_id = l.tenant_id) as billed
      from tenant_ledgers l
      where l.tenant_id = ${tenantId}`;
  return row?.billed ?? true;
}
