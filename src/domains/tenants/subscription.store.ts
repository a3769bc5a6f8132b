import { newId } from "../../core/ids.ts";
import type { Database, Prisma } from "../../platform/database.ts";
import { recordAuditEvent } from "../audit/audit-log.ts";
import { type LatestTerms, latestTerms } from "../plans/plan-version.ts";
import type { ChangeTime, Subscription } from "./subscription.ts";

export interface PlanChange {
  tenantId: string;
  planName: string;
  when: ChangeTime;
  /** Whether only plans that owners may choose themselves are there to be chosen. */
  selfServiceOnly: boolean;
  actorId: string;
  requestId: string | undefined;
}

export type PlanChanging =
  | { outcome: "CHANGED"; subscription: Subscription }
  | { outcome: "NO_SUCH_TENANT" }
  | { outcome: "NO_SUCH_PLAN" }
  | { outcome: "OTHER_CURRENCY"; currency: string };

interface LedgerMoment {
  currency: string;
  now: Date;
  period_end: Date;
}

type Transaction = Pick<Prisma, "subscription" | "planVersion" | "auditEvent" | "$queryRaw" | "$executeRaw">;

/** Which plan a tenant is on, was on, and will be on. */
export class SubscriptionStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The tenant's subscriptions, the latest first, those that are still to begin included. */
  async latest(tenantId: string, first: number): Promise<Subscription[]> {
    const rows = await this.#database.forTenant(tenantId, (prisma) =>
      prisma.subscription.findMany({ where: { tenantId }, orderBy: { startsAt: "desc" }, take: first }),
    );
    return rows.map(({ endsAt, ...row }) => ({ ...row, endsAt: endsAt ?? undefined }));
  }

  /**
   * Ends what runs and begins the next, at the tenant's ledger time or where its billing period ends. A change that was
   * asked for earlier and has not come is withdrawn.
   *
   * Under the tenant's ledger row, like every charge: a charge is either of the old plan and dated before the change, or
   * of the new one. Of two changes at once, the second meets what the first left.
   */
  async change(change: PlanChange): Promise<PlanChanging> {
    return await this.#database.asSystem((prisma) =>
      prisma.$transaction(async (transaction) => {
        const moment = await lockLedger(transaction, change.tenantId);
        if (moment === undefined) return { outcome: "NO_SUCH_TENANT" };
        const terms = await choosable(transaction, change);
        if (terms === undefined) return { outcome: "NO_SUCH_PLAN" };
        if (terms.currency !== moment.currency) return { outcome: "OTHER_CURRENCY", currency: moment.currency };
        const subscription = await move(transaction, change, { moment, planVersionId: terms.planVersionId });
        await recordAuditEvent(transaction, {
          tenantId: change.tenantId,
          actorId: change.actorId,
          action: "tenant.plan_changed",
          subjectId: subscription.id,
          details: { plan: change.planName, when: change.when, startsAt: subscription.startsAt.toISOString() },
          requestId: change.requestId,
        });
        return { outcome: "CHANGED", subscription };
      }),
    );
  }
}

async function choosable(
  transaction: Transaction,
  { planName, selfServiceOnly }: PlanChange,
): Promise<LatestTerms | undefined> {
  const terms = await latestTerms(transaction, planName);
  return selfServiceOnly && terms?.isSelfService === false ? undefined : terms;
}

async function lockLedger(transaction: Transaction, tenantId: string): Promise<LedgerMoment | undefined> {
  await transaction.$executeRaw`select lock_ledgers(array[${tenantId}])`;
  // To the millisecond that JavaScript's dates have, and not before the latest event.
  const [moment] = await transaction.$queryRaw<LedgerMoment[]>`
    select t.currency, ledger.now, (period_of(ledger.now, t.billing_anchor_day)).ends_at as period_end
      from tenant_ledgers l
      join tenants t on t.id = l.tenant_id
      cross join lateral (
        select date_trunc('milliseconds', greatest(tollgate_now(), l.last_at, l.closed_until) + interval '999 microseconds') as now
      ) ledger
      where l.tenant_id = ${tenantId}`;
  return moment;
}

async function move(
  transaction: Transaction,
  { tenantId, when }: PlanChange,
  { moment, planVersionId }: { moment: LedgerMoment; planVersionId: string },
): Promise<Subscription> {
  const { now } = moment;
  await transaction.subscription.deleteMany({ where: { tenantId, startsAt: { gt: now } } });
  const running = await transaction.subscription.findFirst({
    where: { tenantId, startsAt: { lte: now }, OR: [{ endsAt: null }, { endsAt: { gt: now } }] },
  });
  if (running?.planVersionId === planVersionId) {
    // It stays where it is, and a change that was to come is withdrawn.
    await transaction.subscription.updateMany({ where: { tenantId, id: running.id }, data: { endsAt: null } });
    return { ...running, endsAt: undefined };
  }
  const isFirst = running === null;
  const startsAt = when === "NOW" || isFirst ? afterStart(now, running?.startsAt) : moment.period_end;
  if (running !== null) {
    await transaction.subscription.updateMany({ where: { tenantId, id: running.id }, data: { endsAt: startsAt } });
  }
  const next = { id: newId("subscription"), tenantId, planVersionId, startsAt };
  await transaction.subscription.create({ data: next });
  // What is charged from here on is of the new plan: never dated before it begins.
  if (startsAt <= now) {
    await transaction.$executeRaw`
      update tenant_ledgers set last_at = greatest(last_at, ${startsAt}) where tenant_id = ${tenantId}`;
  }
  return { ...next, endsAt: undefined };
}

/** A subscription has some length, if only a millisecond. */
function afterStart(now: Date, startsAt: Date | undefined): Date {
  return startsAt !== undefined && startsAt >= now ? new Date(startsAt.getTime() + 1) : now;
}
