import type { Clock } from "../../core/clock.ts";
import { notFound, TollgateError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import type { PersonPrincipal } from "../../core/principal.ts";
import type { AccessTokens } from "./access-token.ts";
import { attemptSubjects } from "./attempt-limits.ts";
import { parseEmail } from "./email.ts";
import { checkPasswordLength, type Passwords } from "./passwords.ts";
import { type MembershipsOf, placeOf, principalAt } from "./place.ts";
import {
  judgeRefresh,
  newRefreshToken,
  parseRefreshToken,
  type RefreshVerdict,
  type StoredRefreshToken,
} from "./refresh-token.ts";
import type { SignIn, SignInStore } from "./sign-in.store.ts";
import type { SignInAttemptsStore } from "./sign-in-attempts.store.ts";
import type { UserStore, UserWithPassword } from "./user.store.ts";

interface Dependencies {
  users: UserStore;
  signIns: SignInStore;
  attempts: SignInAttemptsStore;
  passwords: Passwords;
  accessTokens: AccessTokens;
  membershipsOf: MembershipsOf;
  clock: Clock;
}

/** What a person says to be somebody, and where from. */
export interface Credentials {
  email: string;
  password: string;
  clientAddress: string;
}

interface SignInRequest extends Credentials {
  tenantId: string | undefined;
  requestId: string;
}

type Subjects = ReturnType<typeof attemptSubjects>;

/** What a person holds after signing in. */
export interface SignedIn {
  accessToken: string;
  refreshToken: string;
  /** When the access token stops by itself. */
  expiresAt: Date;
}

// However often it is refreshed, a sign-in is over after this.
const signInLifetimeMs = 30 * 24 * 60 * 60_000;

/** People signing in, staying so, and signing out. */
export class SignInService {
  readonly #users: UserStore;
  readonly #signIns: SignInStore;
  readonly #attempts: SignInAttemptsStore;
  readonly #passwords: Passwords;
  readonly #accessTokens: AccessTokens;
  readonly #membershipsOf: MembershipsOf;
  readonly #clock: Clock;

  constructor(dependencies: Dependencies) {
    this.#users = dependencies.users;
    this.#signIns = dependencies.signIns;
    this.#attempts = dependencies.attempts;
    this.#passwords = dependencies.passwords;
    this.#accessTokens = dependencies.accessTokens;
    this.#membershipsOf = dependencies.membershipsOf;
    this.#clock = dependencies.clock;
  }

  /**
   * Throws UNAUTHENTICATED, in the same words and at the same cost, for an unknown e-mail, a wrong password, a disabled
   * user and one without a place to sign in to; RATE_LIMITED before a password is looked at; OVERLOADED when too many
   * passwords are being checked.
   */
  async signIn(request: SignInRequest): Promise<SignedIn> {
    const { user, subjects } = await this.#admitted(request);
    const place = user && placeOf(user, await this.#membershipsOf(user.id), request.tenantId);
    if (user === undefined || place === undefined) throw refusedSignIn();
    await this.#attempts.succeed(subjects);
    return await this.#start(user.id, place.tenantId, request.requestId);
  }

  /**
   * The id of the user whose e-mail and password these are, at the same cost and within the same bounds as signing in.
   * Throws as signIn does.
   */
  async prove(credentials: Credentials): Promise<string> {
    const { user, subjects } = await this.#admitted(credentials);
    if (user === undefined) throw refusedSignIn();
    await this.#attempts.succeed(subjects);
    return user.id;
  }

  /** The user, where the password is theirs; an attempt is counted before it is looked at. */
  async #admitted(credentials: Credentials): Promise<{ user: UserWithPassword | undefined; subjects: Subjects }> {
    const email = parseEmail(credentials.email);
    checkPasswordLength(credentials.password);
    const subjects = attemptSubjects(email, credentials.clientAddress);
    await this.#attempts.admit(subjects);
    const user = await this.#userWith(email, credentials.password).catch(async (error: unknown) => {
      await this.#attempts.takeBack(subjects);
      throw error;
    });
    return { user, subjects };
  }

  /** Every path through it reads the user once and hashes once. */
  async #userWith(email: string, password: string): Promise<UserWithPassword | undefined> {
    const user = await this.#users.findByEmail(email);
    const isRight = await this.#passwords.verify(password, user?.passwordHash);
    return isRight && user?.isDisabled === false ? user : undefined;
  }

  async #start(userId: string, tenantId: string | undefined, requestId: string): Promise<SignedIn> {
    const now = this.#clock.now();
    const signIn: SignIn = {
      id: newId("signIn"),
      userId,
      tenantId,
      expiresAt: new Date(now.getTime() + signInLifetimeMs),
      revokedAt: undefined,
    };
    const refreshToken = newRefreshToken();
    await this.#signIns.start(signIn, refreshToken, { now, requestId });
    return await this.#signedIn(signIn, refreshToken.text);
  }

  /**
   * Uses the refresh token up for a new pair. Throws CONFLICT for one that was used seconds ago and UNAUTHENTICATED for
   * all others that are not good; the reuse of an old one ends the sign-in (see `reuseGraceMs`).
   */
  async refresh(request: { refreshToken: string; requestId: string }): Promise<SignedIn> {
    const presented = parseRefreshToken(request.refreshToken);
    if (presented === undefined) throw refusedRefresh();
    const stored = await this.#signIns.findRefreshToken(presented.id);
    const verdict = judgeRefresh(presented, stored, this.#clock.now());
    if (verdict !== "GOOD" || stored === undefined) throw await this.#refused(verdict, stored, request.requestId);
    await this.#checkPlace(stored.signIn);

    const next = newRefreshToken();
    if (await this.#signIns.exchangeRefreshToken(stored.id, next, this.#clock.now()))
      return await this.#signedIn(stored.signIn, next.text);
    const after = await this.#signIns.findRefreshToken(presented.id);
    throw await this.#refused(judgeRefresh(presented, after, this.#clock.now()), after, request.requestId);
  }

  /** Somebody who lost the place that they signed in to gets no new token for it. */
  async #checkPlace(signIn: SignIn): Promise<void> {
    const [user, memberships] = await Promise.all([
      this.#users.find(signIn.userId),
      this.#membershipsOf(signIn.userId),
    ]);
    if (user === undefined || principalAt(signIn, user, memberships) === undefined) throw refusedRefresh();
  }

  async #refused(
    verdict: RefreshVerdict,
    stored: StoredRefreshToken | undefined,
    requestId: string,
  ): Promise<TollgateError> {
    if (verdict === "JUST_USED")
      return new TollgateError(
        "CONFLICT",
        "Another request has just used this refresh token. Go on with the tokens that it got.",
      );
    if (verdict === "STOLEN" && stored !== undefined)
      await this.#signIns.revoke({
        signIn: stored.signIn,
        reason: "REFRESH_TOKEN_REUSED",
        now: this.#clock.now(),
        requestId,
      });
    return refusedRefresh();
  }

  /** Ends the principal's sign-in. Its access tokens are refused everywhere within a second. */
  async signOut(principal: PersonPrincipal, requestId: string): Promise<void> {
    await this.#end(principal, "SIGNED_OUT", requestId);
  }

  /**
   * Signs the person in to another of their tenants, or without a tenant as the operator that they are, and ends the
   * sign-in that they came with. Throws NOT_FOUND for a place that is not theirs, and nothing is changed then.
   */
  async switchTenant(person: PersonPrincipal, tenantId: string | undefined, requestId: string): Promise<SignedIn> {
    const [user, memberships] = await Promise.all([
      this.#users.find(person.userId),
      this.#membershipsOf(person.userId),
    ]);
    const place = user && placeOf(user, memberships, tenantId);
    // Who asks for no tenant asks for the operator's place: it is never the first tenant instead.
    if (place === undefined || place.tenantId !== tenantId) throw notFound("tenant");
    const signedIn = await this.#start(person.userId, tenantId, requestId);
    await this.#end(person, "SWITCHED", requestId);
    return signedIn;
  }

  async #end(person: PersonPrincipal, reason: "SIGNED_OUT" | "SWITCHED", requestId: string): Promise<void> {
    const tenantId = person.kind === "MEMBER" ? person.tenantId : undefined;
    const signIn = { id: person.signInId, userId: person.userId, tenantId };
    await this.#signIns.revoke({ signIn, reason, now: this.#clock.now(), requestId });
  }

  async #signedIn(signIn: SignIn, refreshToken: string): Promise<SignedIn> {
    const claims = { userId: signIn.userId, signInId: signIn.id };
    const accessToken = await this.#accessTokens.issue(claims, signIn.expiresAt);
    return { accessToken: accessToken.text, refreshToken, expiresAt: accessToken.expiresAt };
  }
}

function refusedSignIn(): TollgateError {
  return new TollgateError("UNAUTHENTICATED", "The email or the password is wrong, or the user is not in that tenant.");
}

function refusedRefresh(): TollgateError {
  return new TollgateError("UNAUTHENTICATED", "The refresh token is not valid, or no longer. Sign in again.");
}
