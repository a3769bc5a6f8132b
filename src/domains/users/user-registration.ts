import { newId } from "../../core/ids.ts";
import type { Prisma } from "../../platform/database.ts";

interface Registration {
  email: string;
  passwordHash: string;
  isOperator: boolean;
}

export interface RegisteredUser {
  id: string;
  /** False: a user of that e-mail was there already, and keeps their password and everything else. */
  isNew: boolean;
  isDisabled: boolean;
}

/** Makes a user, within the caller's transaction, unless there is one of that e-mail. Two callers at once make one user. */
export async function registerUser(prisma: Pick<Prisma, "user">, registration: Registration): Promise<RegisteredUser> {
  const id = newId("user");
  const made = await prisma.user.createMany({ data: { id, ...registration }, skipDuplicates: true });
  if (made.count === 1) return { id, isNew: true, isDisabled: false };
  const user = await prisma.user.findFirstOrThrow({ where: { email: registration.email } });
  return { id: user.id, isNew: false, isDisabled: user.disabledAt !== null };
}
