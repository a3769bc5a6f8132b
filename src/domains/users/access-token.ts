import jwt from "jsonwebtoken";
import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import { TollgateError } from "../../core/errors.ts";
import type { SigningKeys } from "./signing-keys.ts";

/** What an access token says: whose it is, and which sign-in it came of. What they may do is looked up, not said. */
export interface AccessTokenClaims {
  userId: string;
  signInId: string;
}

export interface IssuedAccessToken {
  text: string;
  expiresAt: Date;
}

const algorithm = "ES256";
const issuer = "tollgate";
const audience = "tollgate/graphql";
const lifetimeSeconds = 15 * 60;
const clockToleranceSeconds = 5;

// Ours are about 400 characters; there is no reason to parse what is far longer.
const longest = 2_000;

const headerSchema = z.object({ alg: z.literal(algorithm), kid: z.string().min(1).max(64) });
const claimsSchema = z.object({
  sub: z.string().min(1),
  sid: z.string().min(1),
  iat: z.int(),
  exp: z.int(),
});

/** Access tokens: JWTs signed with ES256, for 15 minutes. */
export class AccessTokens {
  readonly #keys: SigningKeys;
  readonly #clock: Clock;

  constructor(keys: SigningKeys, clock: Clock) {
    this.#keys = keys;
    this.#clock = clock;
  }

  /** Signs a token. It never outlives its sign-in. */
  async issue(claims: AccessTokenClaims, signInExpiresAt: Date): Promise<IssuedAccessToken> {
    const key = await this.#keys.newest();
    const iat = this.#nowSeconds();
    const exp = Math.min(iat + lifetimeSeconds, Math.floor(signInExpiresAt.getTime() / 1000));
    const payload = { sub: claims.userId, sid: claims.signInId, iss: issuer, aud: audience, iat, exp };
    return {
      text: jwt.sign(payload, key.privateKey, { algorithm, keyid: key.kid }),
      expiresAt: new Date(exp * 1000),
    };
  }

  /** The claims of a token. Throws UNAUTHENTICATED, in the same words whatever is wrong with it. */
  async verify(text: string): Promise<AccessTokenClaims> {
    if (text.length > longest) throw invalidAccessToken("too long");
    const header = headerSchema.safeParse(jwt.decode(text, { complete: true })?.header);
    if (!header.success) throw invalidAccessToken(header.error);
    const key = await this.#keys.find(header.data.kid);
    if (key === undefined) throw invalidAccessToken("unknown kid");
    const claims = claimsSchema.safeParse(this.#verifySigned(text, key.publicKey));
    if (!claims.success) throw invalidAccessToken(claims.error);
    return { userId: claims.data.sub, signInId: claims.data.sid };
  }

  #verifySigned(text: string, publicKey: jwt.PublicKey): unknown {
    try {
      return jwt.verify(text, publicKey, {
        algorithms: [algorithm],
        issuer,
        audience,
        maxAge: lifetimeSeconds,
        clockTolerance: clockToleranceSeconds,
        clockTimestamp: this.#nowSeconds(),
      });
    } catch (error) {
      throw invalidAccessToken(error);
    }
  }

  #nowSeconds(): number {
    return Math.floor(this.#clock.now().getTime() / 1000);
  }
}

/** One message for all that can be wrong with an access token or its sign-in; the reason is for the log. */
export function invalidAccessToken(cause: unknown): TollgateError {
  return new TollgateError(
    "UNAUTHENTICATED",
    "The access token is not valid, or no longer. Get a new one with refreshAccessToken, or sign in again.",
    { cause },
  );
}
