import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { base32, idPrefixes, newId } from "../../core/ids.ts";
import type { Role } from "../../core/permission.ts";

/** A place in a tenant that was offered to an address. */
export interface Invitation {
  id: string;
  tenantId: string;
  email: string;
  role: Role;
  invitedBy: string;
  createdAt: Date;
  expiresAt: Date;
}

/** How long an invitation can be accepted. */
export const invitationLifetimeMs = 7 * 24 * 60 * 60_000;

/** An invitation's token is `tgi_<id>_<secret>`, as a refresh token's is: of the secret only the SHA-256 is stored. */
export function newInvitationToken(): { id: string; text: string; secretHash: Uint8Array<ArrayBuffer> } {
  const id = newId("invitation");
  const secret = base32(randomBytes(32));
  return { id, text: `tgi_${id.slice(idPrefix.length)}_${secret}`, secretHash: hashOf(secret) };
}

/** What somebody presents as an invitation. Undefined: it never was one. */
export function parseInvitationToken(text: string): { id: string; secretHash: Uint8Array } | undefined {
  const [, id, secret] = /^tgi_([0-9a-hjkmnp-tv-z]{26})_([0-9a-hjkmnp-tv-z]{52})$/.exec(text) ?? [];
  if (id === undefined || secret === undefined) return undefined;
  return { id: idPrefix + id, secretHash: hashOf(secret) };
}

const idPrefix = `${idPrefixes.invitation}_`;

function hashOf(secret: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash("sha256").update(secret).digest());
}

export interface StoredInvitation extends Invitation {
  secretHash: Uint8Array;
  acceptedAt: Date | undefined;
  revokedAt: Date | undefined;
}

/** Whether a presented invitation opens a place now. */
export function isOpen(presented: { secretHash: Uint8Array }, stored: StoredInvitation, now: Date): boolean {
  if (!timingSafeEqual(presented.secretHash, stored.secretHash)) return false;
  return stored.acceptedAt === undefined && stored.revokedAt === undefined && stored.expiresAt > now;
}

/**
 * Why a member may not give, change or take away a place. Undefined: they may. Owners are made and unmade by owners
 * alone, or an admin could become one.
 */
export function refusalToPlace(actor: Role, ...touched: Role[]): string | undefined {
  if (actor === "OWNER" || !touched.includes("OWNER")) return undefined;
  return "Only an owner makes, changes or removes an owner. Ask one of them.";
}
