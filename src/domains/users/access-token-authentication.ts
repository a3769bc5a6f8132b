import type { Clock } from "../../core/clock.ts";
import type { Principal } from "../../core/principal.ts";
import { FreshCache } from "../../platform/fresh-cache.ts";
import type { Notifications } from "../../platform/notifications.ts";
import { type AccessTokens, invalidAccessToken } from "./access-token.ts";
import { type Membership, type MembershipsOf, principalAt } from "./place.ts";
import type { SignIn, SignInStore } from "./sign-in.store.ts";
import type { User, UserStore } from "./user.store.ts";

interface Dependencies {
  accessTokens: AccessTokens;
  signIns: SignInStore;
  users: UserStore;
  membershipsOf: MembershipsOf;
  notifications: Notifications;
  clock: Clock;
}

/** What is remembered of a user. */
interface Standing {
  user: User;
  memberships: readonly Membership[];
}

/**
 * Turns an access token into the principal that its holder is now. A token says little and lives 15 minutes, so what can
 * change within them (signed out, disabled, another role) is looked up each time, in caches that the database's
 * notifications keep fresh.
 */
export class AccessTokenAuthentication {
  readonly #accessTokens: AccessTokens;
  readonly #clock: Clock;
  readonly #signIns: FreshCache<SignIn>;
  readonly #standings: FreshCache<Standing>;
  readonly #loadStanding: (userId: string) => Promise<Standing | undefined>;

  constructor({ accessTokens, signIns, users, membershipsOf, notifications, clock }: Dependencies) {
    this.#accessTokens = accessTokens;
    this.#clock = clock;
    this.#loadStanding = async (userId) => {
      const [user, memberships] = await Promise.all([users.find(userId), membershipsOf(userId)]);
      return user && { user, memberships };
    };
    const maxEntries = 20_000;
    this.#signIns = new FreshCache({
      notifications,
      channel: "tollgate_sign_ins",
      maxEntries,
      load: (id) => signIns.find(id),
    });
    this.#standings = new FreshCache({
      notifications,
      channel: "tollgate_users",
      maxEntries,
      load: this.#loadStanding,
    });
  }

  /** Throws UNAUTHENTICATED, in the same words whatever is wrong. */
  async authenticate(accessToken: string): Promise<Principal> {
    const claims = await this.#accessTokens.verify(accessToken);
    const [signIn, standing] = await Promise.all([
      this.#signIns.get(claims.signInId),
      this.#standings.get(claims.userId),
    ]);
    if (signIn === undefined || signIn.userId !== claims.userId) throw invalidAccessToken("no such sign-in");
    if (signIn.revokedAt !== undefined || signIn.expiresAt <= this.#clock.now())
      throw invalidAccessToken("the sign-in is over");
    const principal = principalNow(signIn, standing) ?? (await this.#principalFromDatabase(signIn));
    if (principal === undefined) throw invalidAccessToken("the user has no place there any more");
    return principal;
  }

  /**
   * A member of a moment ago may sign in and ask before the notification of it has arrived, so a place is never refused
   * from memory alone.
   */
  async #principalFromDatabase(signIn: SignIn): Promise<Principal | undefined> {
    return principalNow(signIn, await this.#loadStanding(signIn.userId));
  }
}

function principalNow(signIn: SignIn, standing: Standing | undefined): Principal | undefined {
  return standing && principalAt(signIn, standing.user, standing.memberships);
}
