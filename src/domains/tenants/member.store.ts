import type { Role } from "../../core/permission.ts";
import type { Database, Prisma } from "../../platform/database.ts";
import { recordAuditEvent } from "../audit/audit-log.ts";
import { roleOf } from "./role.ts";

/** Who changes a member, and when they asked. */
export interface Actor {
  tenantId: string;
  actorId: string;
  requestId: string;
}

export type MemberChange = "DONE" | "NO_SUCH_MEMBER" | "LAST_OWNER" | { refusal: string };

interface WantedChange extends Actor {
  userId: string;
  /** Decides on the roles as they are when nobody else can change them; says why not. */
  decide: (actorRole: Role | undefined, memberRole: Role) => string | undefined;
}

type Transaction = Pick<Prisma, "member" | "auditEvent" | "$queryRaw">;

/** Members as their own tenant changes them. */
export class MemberStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async roleIn(tenantId: string, userId: string): Promise<Role | undefined> {
    const row = await this.#database.forTenant(tenantId, (prisma) =>
      prisma.member.findFirst({ where: { tenantId, userId } }),
    );
    return row === null ? undefined : roleOf(row.role);
  }

  async changeRole(wanted: WantedChange & { role: Role }): Promise<MemberChange> {
    const { tenantId, userId, role } = wanted;
    return await this.#change(wanted, role === "OWNER", async (transaction, before) => {
      if (before === role) return;
      await transaction.member.updateMany({ where: { tenantId, userId }, data: { role } });
      await recordMemberEvent(transaction, wanted, "member.role_changed", { from: before, to: role });
    });
  }

  async remove(wanted: WantedChange): Promise<MemberChange> {
    const { tenantId, userId } = wanted;
    return await this.#change(wanted, false, async (transaction, before) => {
      await transaction.member.deleteMany({ where: { tenantId, userId } });
      await recordMemberEvent(transaction, wanted, "member.removed", { role: before });
    });
  }

  /**
   * Works under a lock on all members of the tenant, in the order of their ids. Of two owners who remove each other at
   * once, the second waits, sees that the first has gone, and is told that there is one owner left.
   */
  async #change(
    wanted: WantedChange,
    staysOwner: boolean,
    work: (transaction: Transaction, before: Role) => Promise<void>,
  ): Promise<MemberChange> {
    const { tenantId, userId, actorId } = wanted;
    return await this.#database.forTenant(tenantId, (prisma) =>
      prisma.$transaction(async (transaction): Promise<MemberChange> => {
        const members = await transaction.$queryRaw<{ user_id: string; role: string }[]>`
          select user_id, role
          from members
          where tenant_id = ${tenantId}
          order by user_id
          for update`;
        const roles = new Map(members.map((member) => [member.user_id, roleOf(member.role)]));
        const before = roles.get(userId);
        if (before === undefined) return "NO_SUCH_MEMBER";
        const refusal = wanted.decide(roles.get(actorId), before);
        if (refusal !== undefined) return { refusal };
        const owners = [...roles.values()].filter((role) => role === "OWNER").length;
        if (before === "OWNER" && !staysOwner && owners === 1) return "LAST_OWNER";
        await work(transaction, before);
        return "DONE";
      }),
    );
  }
}

async function recordMemberEvent(
  transaction: Transaction,
  { tenantId, actorId, userId, requestId }: WantedChange,
  action: string,
  details: Record<string, string>,
): Promise<void> {
  await recordAuditEvent(transaction, { tenantId, actorId, action, subjectId: userId, details, requestId });
}
