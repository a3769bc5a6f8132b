import { notFound } from "../../core/errors.ts";
import { isId } from "../../core/ids.ts";
import { actorId, ofTenant, type Principal } from "../../core/principal.ts";
import { type LimitTerms, limitTerms, type ModelIdForTenant, type WantedLimit } from "../plans/limit-terms.ts";
import { tenantOf } from "../tenants/subscription.service.ts";
import type { LimitChanger, TenantLimit, TenantLimitsStore } from "./tenant-limits.store.ts";

interface TenantLimitsOptions {
  store: TenantLimitsStore;
  modelIdFor: ModelIdForTenant;
  /** Whether the tenant has a key of this id. */
  hasApiKey: (tenantId: string, id: string) => Promise<boolean>;
}

interface Asking {
  principal: Principal;
  requestId: string | undefined;
}

/**
 * Sets limits of tenants and keys. An operator's takes the place of the plan's, so it can be looser; a tenant's own holds
 * beside all others, so that nobody allows themselves more than they were given.
 */
export class TenantLimitsService {
  readonly #options: TenantLimitsOptions;

  constructor(options: TenantLimitsOptions) {
    this.#options = options;
  }

  async list(principal: Principal, tenantId: string): Promise<TenantLimit[]> {
    return await this.#options.store.list(tenantOf(principal, tenantId));
  }

  async setForTenant(
    { principal, requestId }: Asking,
    { tenantId, limit }: { tenantId: string | undefined; limit: WantedLimit },
  ): Promise<TenantLimit> {
    const target = { tenantId: tenantOf(principal, tenantId), apiKeyId: undefined };
    const changer = changerOf(principal, requestId);
    return await this.#options.store.set(target, this.#terms(limit, { ...target, ...changer }), changer);
  }

  /** Keys are the tenant's own matter: operators set what holds for all of them, in the plan. */
  async setForApiKey(
    { principal, requestId }: Asking,
    { apiKeyId, limit }: { apiKeyId: string; limit: WantedLimit },
  ): Promise<TenantLimit> {
    const { store, hasApiKey } = this.#options;
    const { tenantId } = ofTenant(principal);
    if (!(await hasApiKey(tenantId, apiKeyId))) throw notFound("API key");
    const changer = changerOf(principal, requestId);
    return await store.set({ tenantId, apiKeyId }, this.#terms(limit, { tenantId, ...changer }), changer);
  }

  async remove(
    { principal, requestId }: Asking,
    { tenantId, id }: { tenantId: string | undefined; id: string },
  ): Promise<TenantLimit> {
    const owner = tenantOf(principal, tenantId);
    const removed = isId("limit", id)
      ? await this.#options.store.remove(owner, id, changerOf(principal, requestId))
      : undefined;
    if (removed === undefined) throw notFound("limit");
    return removed;
  }

  #terms(limit: WantedLimit, { tenantId, isOperator }: { tenantId: string; isOperator: boolean }): LimitTerms {
    return limitTerms(limit, "limit", (name) => this.#options.modelIdFor(name, { tenantId, isOperator }));
  }
}

function changerOf(principal: Principal, requestId: string | undefined): LimitChanger {
  return { isOperator: principal.kind === "OPERATOR", actorId: actorId(principal), requestId };
}
