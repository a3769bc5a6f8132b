import { z } from "zod";
import type { Prisma } from "../../platform/database.ts";
import type { CreditBalance } from "./credits.ts";

const balanceRow = z
  .object({
    id: z.string(),
    tenant_id: z.string(),
    amount_micros: z.bigint(),
    remaining_micros: z.bigint(),
    currency: z.string(),
    priority: z.number(),
    expires_at: z.date().nullable(),
    reason: z.string(),
    granted_at: z.date(),
  })
  .transform((row) => ({
    id: row.id,
    tenantId: row.tenant_id,
    amountMicros: row.amount_micros,
    remainingMicros: row.remaining_micros,
    currency: row.currency,
    priority: row.priority,
    expiresAt: row.expires_at ?? undefined,
    reason: row.reason,
    grantedAt: row.granted_at,
  }));

/** The tenant's grants, oldest first, each with what invoices have left of it: worked out, not stored. */
export async function creditBalances(prisma: Pick<Prisma, "$queryRaw">, tenantId: string): Promise<CreditBalance[]> {
  const rows = await prisma.$queryRaw<unknown[]>`
    select g.id, g.tenant_id, g.amount_micros, g.currency, g.priority, g.expires_at, g.reason, g.granted_at,
           (g.amount_micros - coalesce((select sum(u.amount_micros) from credit_uses u
                                          where u.tenant_id = g.tenant_id and u.grant_id = g.id), 0))::bigint as remaining_micros
      from credit_grants g
      where g.tenant_id = ${tenantId}
      order by g.id`;
  return rows.map((row) => balanceRow.parse(row));
}
