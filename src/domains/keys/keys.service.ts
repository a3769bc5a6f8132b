import type { Clock } from "../../core/clock.ts";
import { notFound, TollgateError } from "../../core/errors.ts";
import { isId } from "../../core/ids.ts";
import { actorId, type TenantPrincipal } from "../../core/principal.ts";
import { limitTerms, type ModelIdForTenant } from "../plans/limit-terms.ts";
import type { ApiKey } from "./api-key.ts";
import { type MadeApiKey, makeApiKey } from "./api-key-secret.ts";
import type { ApiKeyStore } from "./keys.store.ts";
import { planRotation } from "./rotation.ts";
import { checkHolds, type GrantedApiKey, grantApiKey, type WantedApiKey } from "./wanted-api-key.ts";

export interface Requester {
  principal: TenantPrincipal;
  requestId: string | undefined;
}

export interface IssuedApiKey {
  apiKey: ApiKey;
  /** The whole credential. It is seen here once and kept nowhere. */
  secret: string;
}

/** Keys that can still be used. Enough for a key for each machine; few enough to look through. */
export const maxActiveApiKeys = 10_000;

/** Issues, rotates and revokes the keys of the requester's tenant. Each leaves an audit event with its transaction. */
export class ApiKeyService {
  readonly #store: ApiKeyStore;
  readonly #clock: Clock;

  readonly #modelIdFor: ModelIdForTenant;

  constructor({ store, clock, modelIdFor }: { store: ApiKeyStore; clock: Clock; modelIdFor: ModelIdForTenant }) {
    this.#store = store;
    this.#clock = clock;
    this.#modelIdFor = modelIdFor;
  }

  async issue({ principal, requestId }: Requester, wanted: WantedApiKey): Promise<IssuedApiKey> {
    const now = this.#clock.now();
    const made = makeApiKey();
    const granted = grantApiKey(wanted, principal.permissions, now);
    const { tenantId } = principal;
    const modelIdOf = (name: string) => this.#modelIdFor(name, { tenantId, isOperator: false });
    const limits = (wanted.limits ?? []).map((limit, at) => limitTerms(limit, `limits[${at}]`, modelIdOf));
    const apiKey = await this.#store.insert(tenantId, {
      key: { ...newRow(made, granted), createdAt: now, createdBy: actorId(principal) },
      limits,
      maxActive: maxActiveApiKeys,
      requestId,
    });
    if (apiKey === undefined) throw tooManyKeys();
    return { apiKey, secret: made.credential };
  }

  /** Makes a key of the same name, permissions and ranges, and lets the old one end after the overlap. */
  async rotate(
    { principal, requestId }: Requester,
    { id, overlapSeconds }: { id: string; overlapSeconds: number },
  ): Promise<IssuedApiKey> {
    const now = this.#clock.now();
    const made = makeApiKey();
    const apiKey = await this.#store.rotate(principal.tenantId, checkId(id), {
      decide: (old) => {
        checkHolds(principal.permissions, old.permissions);
        const { oldExpiresAt, newExpiresAt } = planRotation(old, overlapSeconds, now);
        const key = {
          ...newRow(made, { ...old, expiresAt: newExpiresAt }),
          createdAt: now,
          createdBy: actorId(principal),
        };
        return { key, oldExpiresAt };
      },
      maxActive: maxActiveApiKeys,
      requestId,
    });
    if (apiKey === "TOO_MANY") throw tooManyKeys();
    if (apiKey === undefined) throw notFound("API key");
    return { apiKey, secret: made.credential };
  }

  /** A key that was revoked before stays as it is. */
  async revoke({ principal, requestId }: Requester, id: string): Promise<ApiKey> {
    const revokedAt = this.#clock.now();
    const by = { revokedAt, actorId: actorId(principal), requestId };
    const apiKey = await this.#store.revoke(principal.tenantId, checkId(id), by);
    if (apiKey === undefined) throw notFound("API key");
    return apiKey;
  }
}

function newRow(made: MadeApiKey, { name, permissions, expiresAt, allowedCidrs }: GrantedApiKey) {
  const { id, prefix, secretHash } = made;
  return { id, prefix, secretHash, name, permissions, expiresAt, allowedCidrs };
}

/** An id that cannot be one is answered like one that is not there. */
function checkId(id: string): string {
  if (isId("apiKey", id)) return id;
  throw notFound("API key");
}

function tooManyKeys(): TollgateError {
  return new TollgateError(
    "CONFLICT",
    `The tenant has ${maxActiveApiKeys} API keys that can be used, which is the limit. Revoke some that are not needed.`,
  );
}
