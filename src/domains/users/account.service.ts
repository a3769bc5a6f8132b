import type { Clock } from "../../core/clock.ts";
import { TollgateError } from "../../core/errors.ts";
import type { PersonPrincipal } from "../../core/principal.ts";
import { checkNewPassword, type Passwords } from "./passwords.ts";
import type { SignInService } from "./sign-in.service.ts";
import type { RevocationReason, SignInStore } from "./sign-in.store.ts";
import type { UserStore } from "./user.store.ts";

interface Dependencies {
  users: UserStore;
  signIns: SignInStore;
  signIn: SignInService;
  passwords: Passwords;
  clock: Clock;
}

interface PasswordChange {
  currentPassword: string;
  newPassword: string;
  clientAddress: string;
  requestId: string;
}

/** What people do with what is theirs alone: their password and their sign-ins. */
export class AccountService {
  readonly #users: UserStore;
  readonly #signIns: SignInStore;
  readonly #signIn: SignInService;
  readonly #passwords: Passwords;
  readonly #clock: Clock;

  constructor({ users, signIns, signIn, passwords, clock }: Dependencies) {
    this.#users = users;
    this.#signIns = signIns;
    this.#signIn = signIn;
    this.#passwords = passwords;
    this.#clock = clock;
  }

  /** Ends every sign-in of the person, this one too. Returns how many there were. */
  async signOutEverywhere(person: PersonPrincipal, requestId: string): Promise<number> {
    return await this.#endSignIns(person, "SIGNED_OUT_EVERYWHERE", requestId);
  }

  /**
   * Changes the person's password, and ends all their other sign-ins: somebody else may hold one of them. Throws
   * INVALID_INPUT for a current password that is wrong and a new one that may not be chosen; RATE_LIMITED as signIn does.
   */
  async changePassword(person: PersonPrincipal, change: PasswordChange): Promise<void> {
    checkNewPassword(change.newPassword);
    const user = await this.#users.find(person.userId);
    if (user === undefined) throw wrongPassword();
    const { currentPassword: password, clientAddress, requestId } = change;
    await this.#signIn.prove({ email: user.email, password, clientAddress }).catch((error: unknown) => {
      // The one who asks is signed in, so it is what they typed that is wrong and not who they are.
      throw error instanceof TollgateError && error.code === "UNAUTHENTICATED" ? wrongPassword() : error;
    });
    const passwordHash = await this.#passwords.hash(change.newPassword);
    const tenantId = person.kind === "MEMBER" ? person.tenantId : undefined;
    await this.#users.changePassword({ userId: person.userId, passwordHash, tenantId, requestId });
    await this.#endSignIns(person, "PASSWORD_CHANGED", requestId, person.signInId);
  }

  async #endSignIns(
    person: PersonPrincipal,
    reason: RevocationReason,
    requestId: string,
    except?: string,
  ): Promise<number> {
    const now = this.#clock.now();
    const open = await this.#signIns.openOf(person.userId, now);
    const ended = open.filter(({ id }) => id !== except);
    for (const signIn of ended) await this.#signIns.revoke({ signIn, reason, now, requestId });
    return ended.length;
  }
}

function wrongPassword(): TollgateError {
  return new TollgateError("INVALID_INPUT", "The current password is wrong. Nothing was changed.");
}
