import { TollgateError } from "../../core/errors.ts";
import { parseEmail } from "./email.ts";
import { checkNewPassword, generatePassword, type Passwords } from "./passwords.ts";
import type { UserStore } from "./user.store.ts";

/** Makes the people of the platform. Nobody can ask for it over the network: it is a command's work. */
export class OperatorsService {
  readonly #users: UserStore;
  readonly #passwords: Passwords;

  constructor(users: UserStore, passwords: Passwords) {
    this.#users = users;
    this.#passwords = passwords;
  }

  /** Makes an operator and returns the password, to be shown once: the given one, or a new one. */
  async createOperator(operator: { email: string; password?: string }): Promise<{ userId: string; password: string }> {
    const email = parseEmail(operator.email);
    const password = operator.password ?? generatePassword();
    checkNewPassword(password);
    const userId = await this.#users.addOperator(email, await this.#passwords.hash(password));
    if (userId !== undefined) return { userId, password };
    throw new TollgateError("CONFLICT", `There is a user ${email} already. Choose another email for the operator.`);
  }
}
