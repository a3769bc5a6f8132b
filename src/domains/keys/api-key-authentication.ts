import { timingSafeEqual } from "node:crypto";
import type { Clock } from "../../core/clock.ts";
import { TollgateError } from "../../core/errors.ts";
import { apiKeyPermissions } from "../../core/permission.ts";
import type { ApiKeyPrincipal } from "../../core/principal.ts";
import { FreshCache } from "../../platform/fresh-cache.ts";
import type { Notifications } from "../../platform/notifications.ts";
import { cidrMatcher } from "./allowed-cidrs.ts";
import { type PresentedApiKey, parseApiKey } from "./api-key-secret.ts";
import type { CredentialStore, StoredCredential } from "./credential.store.ts";
import type { LastUses } from "./last-uses.ts";

interface Dependencies {
  store: Pick<CredentialStore, "find">;
  notifications: Notifications;
  lastUses: Pick<LastUses, "note">;
  clock: Clock;
}

/** A stored key, made ready once for the many times that it is presented. */
interface KnownKey {
  secretHash: Uint8Array;
  isRevoked: boolean;
  expiresAtMs: number;
  /** Undefined: from anywhere. */
  isAllowedAt: ((address: string) => boolean) | undefined;
  principal: ApiKeyPrincipal;
}

const maxRemembered = 20_000;

/**
 * Turns an API key into its principal. Keys are remembered, and forgotten within a moment of their change or when changes
 * cannot be heard; a key that is remembered is checked without waiting for anything.
 */
export class ApiKeyAuthenticator {
  readonly #clock: Clock;
  readonly #lastUses: Pick<LastUses, "note">;
  readonly #known: FreshCache<KnownKey>;

  constructor({ store, notifications, lastUses, clock }: Dependencies) {
    this.#clock = clock;
    this.#lastUses = lastUses;
    this.#known = new FreshCache({
      notifications,
      channel: "tollgate_api_keys",
      maxEntries: maxRemembered,
      load: (id) => loadKey(store, id),
    });
  }

  /**
   * Throws (or rejects with) UNAUTHENTICATED for a key that does not work, FORBIDDEN for one that does not work from the
   * address, and OVERLOADED when the database cannot be asked about it.
   */
  authenticate(credential: string, clientAddress: string): ApiKeyPrincipal | Promise<ApiKeyPrincipal> {
    const presented = parseApiKey(credential);
    const known = this.#known.get(presented.id);
    if (!(known instanceof Promise)) return this.#admit(known, presented, clientAddress);
    return known.then((loaded) => this.#admit(loaded, presented, clientAddress));
  }

  #admit(known: KnownKey | undefined, presented: PresentedApiKey, clientAddress: string): ApiKeyPrincipal {
    // An id that is not there and a wrong secret are told apart by nobody.
    if (known === undefined || !timingSafeEqual(known.secretHash, presented.secretHash)) {
      throw new TollgateError(
        "UNAUTHENTICATED",
        "There is no such API key. Check that it is the whole key, or issue one.",
      );
    }
    // From here on the holder knows the secret, and may be told what has become of the key.
    const nowMs = this.#clock.now().getTime();
    if (known.isRevoked) {
      throw new TollgateError("UNAUTHENTICATED", "The API key was revoked. Issue another one.");
    }
    if (nowMs >= known.expiresAtMs) {
      const expiredAt = new Date(known.expiresAtMs).toISOString();
      throw new TollgateError(
        "UNAUTHENTICATED",
        `The API key expired at ${expiredAt}. Issue or rotate to another one.`,
      );
    }
    if (known.isAllowedAt !== undefined && !known.isAllowedAt(clientAddress)) {
      throw new TollgateError(
        "FORBIDDEN",
        `The API key may not be used from ${clientAddress}. Use it from one of its allowedCidrs.`,
      );
    }
    this.#lastUses.note(known.principal.apiKeyId, nowMs);
    return known.principal;
  }
}

async function loadKey(store: Pick<CredentialStore, "find">, id: string): Promise<KnownKey | undefined> {
  const stored = await store.find(id).catch((error: unknown) => {
    throw new TollgateError("OVERLOADED", "The API key could not be checked just now. Try again in a second.", {
      retryAfterMs: 1_000,
      cause: error,
    });
  });
  return stored && knownKeyOf(stored);
}

function knownKeyOf(stored: StoredCredential): KnownKey {
  // What a key cannot be granted, it does not get by being written into its row.
  const permissions = new Set(apiKeyPermissions.filter((permission) => stored.permissions.includes(permission)));
  return {
    secretHash: stored.secretHash,
    isRevoked: stored.isRevoked,
    expiresAtMs: stored.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY,
    isAllowedAt: stored.allowedCidrs.length === 0 ? undefined : cidrMatcher(stored.allowedCidrs),
    principal: { kind: "API_KEY", apiKeyId: stored.id, tenantId: stored.tenantId, permissions },
  };
}
