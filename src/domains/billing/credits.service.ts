import type { Clock } from "../../core/clock.ts";
import { notFound, TollgateError } from "../../core/errors.ts";
import type { Micros } from "../../core/money.ts";
import type { PageRequest } from "../../core/page.ts";
import { minorUnitMicros } from "../../core/rounding.ts";
import type { CreditStore, NewCreditGrant } from "./credit.store.ts";
import { available, type CreditBalance } from "./credits.ts";
import { requiredText } from "./invoices.service.ts";

/** Grants credits, and tells what is left of them. */
export class CreditsService {
  readonly #store: CreditStore;
  readonly #clock: Clock;

  constructor(store: CreditStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Throws NOT_FOUND for a tenant that is not there, INVALID_INPUT for what no grant can be. */
  async grant(wanted: NewCreditGrant): Promise<CreditBalance> {
    const now = this.#clock.now();
    const reason = requiredText("reason", wanted.reason);
    const { amountMicros, priority, expiresAt } = wanted;
    if (!Number.isInteger(priority) || priority < 0 || priority > 100) {
      throw new TollgateError("INVALID_INPUT", `priority is ${priority}; it must be from 0, used first, to 100.`);
    }
    if (expiresAt !== undefined && expiresAt <= now) {
      throw new TollgateError("INVALID_INPUT", `expiresAt is ${expiresAt.toISOString()}, which is over.`);
    }
    const currency = await this.#currencyOf(wanted.tenantId);
    if (amountMicros <= 0n || amountMicros % minorUnitMicros(currency) !== 0n) {
      throw new TollgateError(
        "INVALID_INPUT",
        `amount is ${amountMicros}; it must be above zero and a multiple of ${minorUnitMicros(currency)}, ${currency}'s smallest unit.`,
      );
    }
    return await this.#store.grant({ ...wanted, reason, currency, now });
  }

  /** What is left of all that has not expired. Throws NOT_FOUND for a tenant that is not there. */
  async balance(tenantId: string): Promise<{ amountMicros: Micros; currency: string }> {
    const [currency, grants] = await Promise.all([this.#currencyOf(tenantId), this.#store.balances(tenantId)]);
    return { currency, amountMicros: available(grants, this.#clock.now()) };
  }

  /** Newest first, from the page's start, with one more than it takes. */
  async grantsOf(tenantId: string, { first, after }: PageRequest): Promise<CreditBalance[]> {
    const [, grants] = await Promise.all([this.#currencyOf(tenantId), this.#store.balances(tenantId)]);
    const newestFirst = grants.reverse().filter(({ id }) => after === undefined || id < after);
    return newestFirst.slice(0, first + 1);
  }

  async find(tenantId: string, id: string): Promise<CreditBalance | undefined> {
    return (await this.#store.balances(tenantId)).find((grant) => grant.id === id);
  }

  async #currencyOf(tenantId: string): Promise<string> {
    const currency = await this.#store.currencyOf(tenantId);
    if (currency === undefined) throw notFound("tenant");
    return currency;
  }
}
