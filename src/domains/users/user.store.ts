import type { Database, Prisma } from "../../platform/database.ts";
import { recordAuditEvent } from "../audit/audit-log.ts";
import { registerUser } from "./user-registration.ts";

export interface User {
  id: string;
  email: string;
  isOperator: boolean;
  isDisabled: boolean;
}

export type UserWithPassword = User & { passwordHash: string };

interface PasswordChange {
  userId: string;
  passwordHash: string;
  tenantId: string | undefined;
  requestId: string;
}

/** Users belong to no tenant, so they are read across tenants; the tenants' own role cannot reach them. */
export class UserStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async find(id: string): Promise<User | undefined> {
    const row = await this.#database.asSystem((prisma) => prisma.user.findFirst({ where: { id } }));
    return row === null ? undefined : userOf(row);
  }

  async findByEmail(email: string): Promise<UserWithPassword | undefined> {
    const row = await this.#database.asSystem((prisma) => prisma.user.findFirst({ where: { email } }));
    return row === null ? undefined : { ...userOf(row), passwordHash: row.passwordHash };
  }

  /** Gives the user another password, and writes so in the log of the place that they did it in. */
  async changePassword(change: PasswordChange): Promise<void> {
    const { userId, passwordHash, tenantId, requestId } = change;
    await this.#database.asSystem((prisma) =>
      prisma.$transaction(async (transaction) => {
        await transaction.user.updateMany({ where: { id: userId }, data: { passwordHash } });
        await recordAuditEvent(transaction, {
          tenantId,
          actorId: userId,
          action: "user.password_changed",
          subjectId: userId,
          details: {},
          requestId,
        });
      }),
    );
  }

  /** Makes an operator. Undefined: there is a user of that e-mail, who is left as they are. */
  async addOperator(email: string, passwordHash: string): Promise<string | undefined> {
    return await this.#database.asSystem((prisma) =>
      prisma.$transaction(async (transaction) => {
        const user = await registerUser(transaction, { email, passwordHash, isOperator: true });
        if (!user.isNew) return undefined;
        await recordAuditEvent(transaction, {
          tenantId: undefined,
          actorId: "system",
          action: "operator.created",
          subjectId: user.id,
          details: { email },
          requestId: undefined,
        });
        return user.id;
      }),
    );
  }
}

type UserRow = NonNullable<Awaited<ReturnType<Prisma["user"]["findFirst"]>>>;

function userOf(row: UserRow): User {
  return { id: row.id, email: row.email, isOperator: row.isOperator, isDisabled: row.disabledAt !== null };
}
