import type { Micros } from "../../core/money.ts";

/** Money that was paid, or given, ahead. */
export interface CreditGrant {
  id: string;
  tenantId: string;
  amountMicros: Micros;
  currency: string;
  /** The lowest is used first. */
  priority: number;
  expiresAt: Date | undefined;
  reason: string;
  grantedAt: Date;
}

/** A grant with what invoices have left of it. */
export interface CreditBalance extends CreditGrant {
  remainingMicros: Micros;
}

/** What an invoice takes from a grant. */
export interface CreditUse {
  grantId: string;
  amountMicros: Micros;
}

/** Whether an invoice of a period that ends then may use the grant: it must last as long as the period. */
export function isUsable(grant: Pick<CreditGrant, "expiresAt">, periodEndsAt: Date): boolean {
  return grant.expiresAt === undefined || grant.expiresAt >= periodEndsAt;
}

export function available(grants: readonly CreditBalance[], periodEndsAt: Date): Micros {
  const usable = grants.filter((grant) => isUsable(grant, periodEndsAt));
  return usable.reduce((sum, grant) => sum + grant.remainingMicros, 0n);
}

/**
 * Which grants an amount is taken from: by priority, then those that expire first (those that never do, last), then the
 * oldest. Throws if they do not cover it: who asks has asked `available` under the same lock.
 */
export function burnDown(grants: readonly CreditBalance[], amountMicros: Micros, periodEndsAt: Date): CreditUse[] {
  let left = amountMicros;
  const uses: CreditUse[] = [];
  for (const grant of grants.filter((one) => isUsable(one, periodEndsAt)).sort(inOrderOfUse)) {
    const taken = grant.remainingMicros < left ? grant.remainingMicros : left;
    if (taken <= 0n) continue;
    uses.push({ grantId: grant.id, amountMicros: taken });
    left -= taken;
  }
  if (left > 0n) throw new Error(`Credits of ${amountMicros} were asked for, and ${left} are not covered.`);
  return uses;
}

function inOrderOfUse(a: CreditGrant, b: CreditGrant): number {
  return (
    a.priority - b.priority ||
    compare(a.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY, b.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY) ||
    compare(a.grantedAt.getTime(), b.grantedAt.getTime()) ||
    compare(a.id, b.id)
  );
}

function compare<T extends number | string>(a: T, b: T): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
