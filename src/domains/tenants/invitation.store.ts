import { type Page, type PageRequest, pageOf } from "../../core/page.ts";
import type { Database, Prisma } from "../../platform/database.ts";
import { recordAuditEvent } from "../audit/audit-log.ts";
import { registerUser } from "../users/user-registration.ts";
import type { Invitation, StoredInvitation } from "./invitation.ts";
import type { Actor } from "./member.store.ts";
import { roleOf } from "./role.ts";

interface Acceptance {
  invitation: Invitation;
  /** The user whose password was proven; or the hash that a new user is made with. */
  by: { userId: string } | { passwordHash: string };
  now: Date;
  requestId: string;
}

export type AcceptanceOutcome = "ACCEPTED" | "USED_MEANWHILE" | "USER_EXISTS";

export class InvitationStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Writes an invitation; an open one of the same address is taken back, so that one link works. Of two at once the second
   * waits for the first, and takes it back: without the lock neither would see the other, and the index refuse one.
   */
  async add(invitation: Invitation & { secretHash: Uint8Array<ArrayBuffer> }, actor: Actor): Promise<void> {
    const { tenantId, email, role, createdAt } = invitation;
    await this.#database.forTenant(tenantId, (prisma) =>
      prisma.$transaction(async (transaction) => {
        await transaction.$executeRaw`select pg_advisory_xact_lock(72707377, hashtext(${`${tenantId} ${email}`}))`;
        await transaction.invitation.updateMany({
          where: { tenantId, email, acceptedAt: null, revokedAt: null },
          data: { revokedAt: createdAt },
        });
        await transaction.invitation.create({ data: invitation });
        await recordAuditEvent(transaction, {
          ...actor,
          action: "member.invited",
          subjectId: invitation.id,
          details: { email, role },
        });
      }),
    );
  }

  /** Those of the tenant that can still be accepted, newest first. */
  async openPage(tenantId: string, now: Date, page: PageRequest): Promise<Page<Invitation>> {
    const rows = await this.#database.forTenant(tenantId, (prisma) =>
      prisma.invitation.findMany({
        where: {
          tenantId,
          acceptedAt: null,
          revokedAt: null,
          expiresAt: { gt: now },
          ...(page.after === undefined ? {} : { id: { lt: page.after } }),
        },
        orderBy: { id: "desc" },
        take: page.first + 1,
        omit: { secretHash: true },
      }),
    );
    return pageOf(rows.map(invitationOf), page);
  }

  async findOfTenant(tenantId: string, id: string): Promise<Invitation | undefined> {
    const row = await this.#database.forTenant(tenantId, (prisma) =>
      prisma.invitation.findFirst({ where: { tenantId, id }, omit: { secretHash: true } }),
    );
    return row === null ? undefined : invitationOf(row);
  }

  /** Of whichever tenant: who presents one has no place in any yet. */
  async find(id: string): Promise<StoredInvitation | undefined> {
    const row = await this.#database.asSystem((prisma) => prisma.invitation.findFirst({ where: { id } }));
    if (row === null) return undefined;
    const { acceptedAt, revokedAt, secretHash } = row;
    return {
      ...invitationOf(row),
      secretHash,
      acceptedAt: acceptedAt ?? undefined,
      revokedAt: revokedAt ?? undefined,
    };
  }

  /** Takes an invitation back; one that is over already stays as it is and is not audited again. */
  async revoke(invitation: Invitation, now: Date, actor: Actor): Promise<void> {
    const { tenantId, id, email } = invitation;
    await this.#database.forTenant(tenantId, (prisma) =>
      prisma.$transaction(async (transaction) => {
        const revoked = await transaction.invitation.updateMany({
          where: { tenantId, id, acceptedAt: null, revokedAt: null },
          data: { revokedAt: now },
        });
        if (revoked.count === 0) return;
        await recordAuditEvent(transaction, {
          ...actor,
          action: "invitation.revoked",
          subjectId: id,
          details: { email },
        });
      }),
    );
  }

  /**
   * Uses the invitation up and makes its holder a member, or nothing of it. Of two who accept it at once, the second
   * waits for the row and finds it used. A member already keeps the role that they have.
   */
  async accept({ invitation, by, now, requestId }: Acceptance): Promise<AcceptanceOutcome> {
    const { id, tenantId, email, role } = invitation;
    return await this.#database.asSystem((prisma) =>
      prisma
        .$transaction(async (transaction): Promise<AcceptanceOutcome> => {
          const used = await transaction.invitation.updateMany({
            where: { id, acceptedAt: null, revokedAt: null },
            data: { acceptedAt: now },
          });
          if (used.count === 0) return "USED_MEANWHILE";
          const userId = "userId" in by ? by.userId : await newUserId(transaction, email, by.passwordHash);
          const data = { tenantId, userId, role, createdAt: now };
          await transaction.member.createMany({ data, skipDuplicates: true });
          const event = { tenantId, actorId: userId, action: "member.joined", subjectId: userId, requestId };
          await recordAuditEvent(transaction, { ...event, details: { role, invitationId: id } });
          return "ACCEPTED";
        })
        .catch((error: unknown) => {
          if (error === userExists) return "USER_EXISTS" as const;
          throw error;
        }),
    );
  }
}

/** Thrown through a transaction, to undo it: somebody became a user of that address a moment ago. */
const userExists = new Error("a user of that address exists");

async function newUserId(transaction: Pick<Prisma, "user">, email: string, passwordHash: string): Promise<string> {
  const user = await registerUser(transaction, { email, passwordHash, isOperator: false });
  if (!user.isNew) throw userExists;
  return user.id;
}

type Row = Omit<Invitation, "role"> & { role: string };

function invitationOf({ id, tenantId, email, role, invitedBy, createdAt, expiresAt }: Row): Invitation {
  return { id, tenantId, email, role: roleOf(role), invitedBy, createdAt, expiresAt };
}
