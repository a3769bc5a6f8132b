import type { Clock } from "../../core/clock.ts";
import { notFound, TollgateError } from "../../core/errors.ts";
import { minorUnitMicros } from "../../core/rounding.ts";
import type { CreditStore, NewCreditGrant } from "./credit.store.ts";
import type { CreditBalance } from "./credits.ts";
import { requiredText } from "./invoices.service.ts";

/** Grants credits. */
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
    const currency = await this.#store.currencyOf(wanted.tenantId);
    if (currency === undefined) throw notFound("tenant");
    if (amountMicros <= 0n || amountMicros % minorUnitMicros(currency) !== 0n) {
      throw new TollgateError(
        "INVALID_INPUT",
        `amount is ${amountMicros}; it must be above zero and a multiple of ${minorUnitMicros(currency)}, ${currency}'s smallest unit.`,
      );
    }
    return await this.#store.grant({ ...wanted, reason, currency, now });
  }
}
