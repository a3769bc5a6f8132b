import type { Database, Prisma } from "../../platform/database.ts";
import { recordAuditEvent } from "../audit/audit-log.ts";
import type { NewRefreshToken, StoredRefreshToken } from "./refresh-token.ts";

/** One signing in of a user: to a tenant, or as an operator to none. */
export interface SignIn {
  id: string;
  userId: string;
  tenantId: string | undefined;
  expiresAt: Date;
  revokedAt: Date | undefined;
}

/** Why a sign-in ended before its time. */
export type RevocationReason =
  | "SIGNED_OUT"
  | "REFRESH_TOKEN_REUSED"
  | "SWITCHED"
  | "SIGNED_OUT_EVERYWHERE"
  | "PASSWORD_CHANGED";

interface Revocation {
  signIn: Pick<SignIn, "id" | "userId" | "tenantId">;
  reason: RevocationReason;
  now: Date;
  requestId: string;
}

/** Sign-ins belong to a user, who may have several tenants or none, so they are kept across tenants. */
export class SignInStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async find(id: string): Promise<SignIn | undefined> {
    const row = await this.#database.asSystem((prisma) => prisma.signIn.findFirst({ where: { id } }));
    return row === null ? undefined : signInOf(row);
  }

  /** Writes a sign-in with its first refresh token and its audit event. */
  async start(signIn: SignIn, refreshToken: NewRefreshToken, at: { now: Date; requestId: string }): Promise<void> {
    const { id, userId, tenantId, expiresAt } = signIn;
    await this.#database.asSystem((prisma) =>
      prisma.$transaction(async (transaction) => {
        await transaction.signIn.create({
          data: { id, userId, tenantId: tenantId ?? null, createdAt: at.now, expiresAt },
        });
        await transaction.refreshToken.create({
          data: { id: refreshToken.id, signInId: id, secretHash: refreshToken.secretHash, createdAt: at.now },
        });
        await recordAuditEvent(transaction, {
          tenantId,
          actorId: userId,
          action: "sign_in.created",
          subjectId: id,
          details: {},
          requestId: at.requestId,
        });
      }),
    );
  }

  async findRefreshToken(id: string): Promise<StoredRefreshToken | undefined> {
    const row = await this.#database.asSystem((prisma) =>
      prisma.refreshToken.findFirst({ where: { id }, include: { signIn: true } }),
    );
    if (row === null) return undefined;
    return { id, secretHash: row.secretHash, usedAt: row.usedAt ?? undefined, signIn: signInOf(row.signIn) };
  }

  /**
   * Uses a refresh token up and adds the one that follows it. False: somebody else used it first, or the sign-in is over.
   *
   * One statement. Of several callers at once the first locks the row; the others wait for its commit, read the row anew,
   * find it used, and add nothing.
   */
  async exchangeRefreshToken(usedId: string, next: NewRefreshToken, now: Date): Promise<boolean> {
    const added = await this.#database.systemSql({
      name: "exchange-refresh-token",
      text: `
        with used as (
          update refresh_tokens t
          set used_at = $4
          from sign_ins s
          where t.id = $1 and t.used_at is null and s.id = t.sign_in_id and s.revoked_at is null
          returning t.sign_in_id
        )
        insert into refresh_tokens (id, sign_in_id, secret_hash, created_at)
        select $2, sign_in_id, $3, $4 from used
        returning id`,
      values: [usedId, next.id, Buffer.from(next.secretHash), now],
    });
    return added.length === 1;
  }

  /** The user's sign-ins that are not over. */
  async openOf(userId: string, now: Date): Promise<SignIn[]> {
    const rows = await this.#database.asSystem((prisma) =>
      prisma.signIn.findMany({ where: { userId, revokedAt: null, expiresAt: { gt: now } }, orderBy: { id: "asc" } }),
    );
    return rows.map(signInOf);
  }

  /**
   * Ends a sign-in, and with it every token that came of it; the database tells the replicas. Ending one that is over
   * changes nothing and is not audited again.
   */
  async revoke({ signIn, reason, now, requestId }: Revocation): Promise<void> {
    await this.#database.asSystem((prisma) =>
      prisma.$transaction(async (transaction) => {
        const revoked = await transaction.signIn.updateMany({
          where: { id: signIn.id, revokedAt: null },
          data: { revokedAt: now, revokedFor: reason },
        });
        if (revoked.count === 0) return;
        await recordAuditEvent(transaction, {
          tenantId: signIn.tenantId,
          actorId: signIn.userId,
          action: "sign_in.revoked",
          subjectId: signIn.id,
          details: { reason },
          requestId,
        });
      }),
    );
  }
}

type SignInRow = NonNullable<Awaited<ReturnType<Prisma["signIn"]["findFirst"]>>>;

function signInOf(row: SignInRow): SignIn {
  return {
    id: row.id,
    userId: row.userId,
    tenantId: row.tenantId ?? undefined,
    expiresAt: row.expiresAt,
    revokedAt: row.revokedAt ?? undefined,
  };
}
