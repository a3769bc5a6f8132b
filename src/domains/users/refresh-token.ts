import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { base32, idPrefixes, newId } from "../../core/ids.ts";

/**
 * A refresh token is `tgr_<id>_<secret>`: the id finds its row, and of the secret's 256 bits only the SHA-256 is stored.
 * (A slow hash is for what people choose; nobody guesses 256 random bits.)
 */
export interface NewRefreshToken {
  id: string;
  text: string;
  secretHash: Uint8Array<ArrayBuffer>;
}

export function newRefreshToken(): NewRefreshToken {
  const id = newId("refreshToken");
  const secret = base32(randomBytes(32));
  return { id, text: `tgr_${id.slice(idPrefix.length)}_${secret}`, secretHash: hashOf(secret) };
}

/** What a caller presents as a refresh token. Undefined: it never was one. */
export function parseRefreshToken(text: string): { id: string; secretHash: Uint8Array } | undefined {
  const [, id, secret] = /^tgr_([0-9a-hjkmnp-tv-z]{26})_([0-9a-hjkmnp-tv-z]{52})$/.exec(text) ?? [];
  if (id === undefined || secret === undefined) return undefined;
  return { id: idPrefix + id, secretHash: hashOf(secret) };
}

const idPrefix = `${idPrefixes.refreshToken}_`;

function hashOf(secret: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash("sha256").update(secret).digest());
}

/** What is known of a refresh token and of the sign-in that it belongs to. */
export interface StoredRefreshToken {
  id: string;
  secretHash: Uint8Array;
  usedAt: Date | undefined;
  signIn: { id: string; userId: string; tenantId: string | undefined; expiresAt: Date; revokedAt: Date | undefined };
}

/**
 * How long after its one use a second use of a refresh token is taken for the same client (two tabs, a request sent
 * twice) and only refused. Later it is taken for theft, and the sign-in ends. Nothing is handed out in either case, so
 * the grace gives a thief no token; and where the thief came first, the owner's next try, after the grace, ends it.
 * Without the grace, a browser with two tabs signs its owner out every few days.
 */
export const reuseGraceMs = 10_000;

export type RefreshVerdict = "GOOD" | "UNKNOWN" | "OVER" | "JUST_USED" | "STOLEN";

/** What a presented refresh token is worth now. */
export function judgeRefresh(
  presented: { secretHash: Uint8Array },
  stored: StoredRefreshToken | undefined,
  now: Date,
): RefreshVerdict {
  if (stored === undefined || !timingSafeEqual(presented.secretHash, stored.secretHash)) return "UNKNOWN";
  if (stored.signIn.revokedAt !== undefined || stored.signIn.expiresAt <= now) return "OVER";
  if (stored.usedAt === undefined) return "GOOD";
  return now.getTime() - stored.usedAt.getTime() < reuseGraceMs ? "JUST_USED" : "STOLEN";
}
