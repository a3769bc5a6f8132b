import { newId } from "../../core/ids.ts";
import { type Page, type PageRequest, pageOf } from "../../core/page.ts";
import type { Role } from "../../core/permission.ts";
import type { Database, Prisma } from "../../platform/database.ts";
import { recordAuditEvent } from "../audit/audit-log.ts";
import { latestTerms } from "../plans/plan-version.ts";
import type { Membership } from "../users/place.ts";
import { registerUser } from "../users/user-registration.ts";
import { roleOf } from "./role.ts";

export interface Tenant {
  id: string;
  name: string;
  /** What it pays in, as three letters of ISO 4217. */
  currency: string;
  createdAt: Date;
}

export interface Member {
  user: { id: string; email: string };
  role: Role;
  createdAt: Date;
}

interface NewTenant {
  name: string;
  planName: string;
  ownerEmail: string;
  /** For an owner who is not a user yet. */
  ownerPasswordHash: string;
  billingAnchorDay: number;
  actorId: string;
  requestId: string | undefined;
  now: Date;
}

export type TenantCreation =
  | { outcome: "CREATED"; tenant: Tenant; ownerIsNew: boolean }
  | { outcome: "NO_SUCH_PLAN" }
  | { outcome: "OWNER_DISABLED" };

export class TenantStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async find(tenantId: string): Promise<Tenant | undefined> {
    const row = await this.#database.forTenant(tenantId, (prisma) =>
      prisma.tenant.findFirst({ where: { id: tenantId } }),
    );
    return row === null ? undefined : tenantOf(row);
  }

  /** Every tenant, newest first. For operators. */
  async page(page: PageRequest): Promise<Page<Tenant>> {
    const rows = await this.#database.asSystem((prisma) =>
      prisma.tenant.findMany({
        where: page.after === undefined ? {} : { id: { lt: page.after } },
        orderBy: { id: "desc" },
        take: page.first + 1,
      }),
    );
    return pageOf(rows.map(tenantOf), page);
  }

  /**
   * The tenant's members, by user. The tenant's own role shows who belongs to it; the e-mails are the users', whom that
   * role does not reach, so they are read across tenants, for these users alone.
   */
  async members(tenantId: string, page: PageRequest): Promise<Page<Member>> {
    const members = await this.#database.forTenant(tenantId, (prisma) =>
      prisma.member.findMany({
        where: { tenantId, ...(page.after === undefined ? {} : { userId: { gt: page.after } }) },
        orderBy: { userId: "asc" },
        take: page.first + 1,
      }),
    );
    const userIds = members.map((member) => member.userId);
    const users = await this.#database.asSystem((prisma) =>
      prisma.user.findMany({ where: { id: { in: userIds } }, select: { id: true, email: true } }),
    );
    const byId = new Map(users.map((user) => [user.id, user]));
    const found = members.flatMap(({ userId, role, createdAt }) => {
      const user = byId.get(userId);
      return user === undefined ? [] : [{ user, role: roleOf(role), createdAt }];
    });
    return pageOf(found, page);
  }

  /** A user's places in tenants, the one that they joined first at the front. Across tenants: it is how one is chosen. */
  async membershipsOf(userId: string): Promise<Membership[]> {
    const members = await this.#database.asSystem((prisma) =>
      prisma.member.findMany({ where: { userId }, orderBy: [{ createdAt: "asc" }, { tenantId: "asc" }] }),
    );
    return members.map(({ tenantId, role }) => ({ tenantId, role: roleOf(role) }));
  }

  /** The same places, with what their tenants are called. */
  async placesOf(userId: string): Promise<(Membership & { tenantName: string })[]> {
    const members = await this.#database.asSystem((prisma) =>
      prisma.member.findMany({
        where: { userId },
        orderBy: [{ createdAt: "asc" }, { tenantId: "asc" }],
        include: { tenant: { select: { name: true } } },
      }),
    );
    return members.map(({ tenantId, role, tenant }) => ({ tenantId, role: roleOf(role), tenantName: tenant.name }));
  }

  /** Writes the tenant, its subscription, its owner and the audit event together, or nothing of it. */
  async create(tenant: NewTenant): Promise<TenantCreation> {
    return await this.#database.asSystem((prisma) =>
      prisma.$transaction(async (transaction) => {
        const terms = await latestTerms(transaction, tenant.planName);
        if (terms === undefined) return { outcome: "NO_SUCH_PLAN" };
        const owner = await registerUser(transaction, {
          email: tenant.ownerEmail,
          passwordHash: tenant.ownerPasswordHash,
          isOperator: false,
        });
        if (owner.isDisabled) return { outcome: "OWNER_DISABLED" };
        const created = await addTenant(transaction, { ...tenant, ...terms, ownerId: owner.id });
        return { outcome: "CREATED", tenant: created, ownerIsNew: owner.isNew };
      }),
    );
  }
}

type Transaction = Pick<Prisma, "tenant" | "subscription" | "member" | "auditEvent">;

async function addTenant(
  transaction: Transaction,
  tenant: NewTenant & { planVersionId: string; currency: string; ownerId: string },
): Promise<Tenant> {
  const id = newId("tenant");
  const { name, planName, planVersionId, currency, billingAnchorDay, ownerId, now } = tenant;
  await transaction.tenant.create({ data: { id, name, currency, billingAnchorDay, createdAt: now } });
  await transaction.subscription.create({
    // By the database's clock, which is the one that charges.
    data: { id: newId("subscription"), tenantId: id, planVersionId },
  });
  await transaction.member.create({ data: { tenantId: id, userId: ownerId, role: "OWNER", createdAt: now } });
  await recordAuditEvent(transaction, {
    tenantId: id,
    actorId: tenant.actorId,
    action: "tenant.created",
    subjectId: id,
    details: { name, plan: planName, ownerId },
    requestId: tenant.requestId,
  });
  return { id, name, currency, createdAt: now };
}

function tenantOf({ id, name, currency, createdAt }: Tenant): Tenant {
  return { id, name, currency, createdAt };
}
