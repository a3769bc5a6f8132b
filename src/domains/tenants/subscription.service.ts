import { notFound, TollgateError } from "../../core/errors.ts";
import { isId } from "../../core/ids.ts";
import { actorId, type Principal } from "../../core/principal.ts";
import type { SubscriptionStore } from "./subscription.store.ts";
import type { ChangeTime, Subscription } from "./subscription.ts";

interface WantedChange {
  /** Undefined: the principal's own. */
  tenantId: string | undefined;
  plan: string;
  when: ChangeTime;
  requestId: string | undefined;
}

/** Moves tenants to other plans. */
export class SubscriptionService {
  readonly #store: SubscriptionStore;

  constructor(store: SubscriptionStore) {
    this.#store = store;
  }

  /**
   * Operators move any tenant to any plan of its currency; members their own, to plans that are self-service. Throws
   * NOT_FOUND for a tenant that is not theirs, INVALID_INPUT for a plan that is not there for them, CONFLICT for one in
   * another currency.
   */
  async changePlan(principal: Principal, { plan, when, ...wanted }: WantedChange): Promise<Subscription> {
    const changed = await this.#store.change({
      tenantId: tenantOf(principal, wanted.tenantId),
      planName: plan,
      when,
      selfServiceOnly: principal.kind !== "OPERATOR",
      actorId: actorId(principal),
      requestId: wanted.requestId,
    });
    switch (changed.outcome) {
      case "CHANGED":
        return changed.subscription;
      case "NO_SUCH_TENANT":
        throw notFound("tenant");
      case "NO_SUCH_PLAN":
        throw noSuchPlan();
      case "OTHER_CURRENCY":
        throw otherCurrency(plan, changed.currency);
    }
  }
}

export function noSuchPlan(): TollgateError {
  return new TollgateError(
    "INVALID_INPUT",
    "There is no plan of that name that you may choose. The query plans lists those on offer.",
  );
}

export function otherCurrency(plan: string, currency: string): TollgateError {
  return new TollgateError(
    "CONFLICT",
    `The plan ${plan} has prices in another currency than the tenant's, ${currency}. Choose one in ${currency}.`,
  );
}

/** The tenant that is meant, where the principal may mean it. Throws NOT_FOUND for another's, as for one that never was. */
export function tenantOf(principal: Principal, tenantId: string | undefined): string {
  if (principal.kind !== "OPERATOR") {
    if (tenantId === undefined || tenantId === principal.tenantId) return principal.tenantId;
    throw notFound("tenant");
  }
  if (tenantId === undefined) {
    throw new TollgateError("INVALID_INPUT", "tenantId is missing: an operator has no tenant of their own.");
  }
  if (!isId("tenant", tenantId)) throw notFound("tenant");
  return tenantId;
}
