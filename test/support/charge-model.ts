import type { ChargeRequest, ChargeVerdict } from "../../src/domains/usage/charge.ts";

type Verdict = ChargeVerdict["kind"];

interface Claim {
  event: string;
  holder: string;
  isAnswered: boolean;
  isExpired: boolean;
}

/** What the charge has to decide, one request after the other, in plain code: tests compare the database with it. */
export class ChargeModel {
  /** By tenant; undefined: without a plan. */
  readonly quotas = new Map<string, number | undefined>();
  readonly #net = new Map<string, { tenant: string; quantity: number; key: string | undefined; isReversed: boolean }>();
  readonly #claims = new Map<string, Claim>();
  readonly #abandoned = new Set<string>();

  usedBy(tenant: string): number {
    const own = [...this.#net.values()].filter((event) => event.tenant === tenant && !event.isReversed);
    return own.reduce((sum, event) => sum + event.quantity, 0);
  }

  /** The ids of the events that have to be there, reversed ones too. */
  eventsOf(tenant: string): string[] {
    return [...this.#net].flatMap(([id, event]) => (event.tenant === tenant ? [id] : []));
  }

  charge(request: ChargeRequest, holder: string): Verdict {
    const { tenantId, usageEventId, quantity, idempotencyKey } = request;
    if (this.#abandoned.delete(usageEventId)) return "ABANDONED";
    const claim = idempotencyKey === undefined ? undefined : `${tenantId} ${idempotencyKey}`;
    if (claim !== undefined && this.#claims.get(claim)?.isExpired === false) return "REPEATED";
    if (claim !== undefined) this.#claims.delete(claim);
    const quota = this.quotas.get(tenantId);
    if (quota === undefined) return "NO_PLAN";
    if (this.usedBy(tenantId) + quantity > quota) return "QUOTA_EXCEEDED";
    this.#net.set(usageEventId, { tenant: tenantId, quantity, key: claim, isReversed: false });
    if (claim !== undefined)
      this.#claims.set(claim, { event: usageEventId, holder, isAnswered: false, isExpired: false });
    return "ADMITTED";
  }

  reverse(usageEventId: string, holder: string): void {
    const event = this.#net.get(usageEventId);
    if (event === undefined) {
      this.#abandoned.add(usageEventId);
      return;
    }
    const claim = event.key === undefined ? undefined : this.#claims.get(event.key);
    const isOwnClaim = claim?.event === usageEventId;
    if (isOwnClaim && (claim.isAnswered || claim.holder !== holder)) return;
    if (!event.isReversed && isOwnClaim && event.key !== undefined) this.#claims.delete(event.key);
    event.isReversed = true;
  }

  takeOver(tenant: string, key: string, holder: string): void {
    const claim = this.#claims.get(`${tenant} ${key}`);
    if (claim !== undefined && !claim.isAnswered) claim.holder = holder;
  }

  storeAnswer(tenant: string, key: string): void {
    const claim = this.#claims.get(`${tenant} ${key}`);
    if (claim !== undefined) claim.isAnswered = true;
  }

  /** The day is over: the next request with the key is a new one. */
  expire(tenant: string, key: string): void {
    const claim = this.#claims.get(`${tenant} ${key}`);
    if (claim !== undefined) claim.isExpired = true;
  }
}
