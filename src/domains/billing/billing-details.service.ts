import { notFound, TollgateError } from "../../core/errors.ts";
import type { BillingDetailsStore, TenantTerms } from "./billing-details.store.ts";
import type { BillingDetails, BillingTermsChange } from "./billing-details.ts";

interface Change {
  tenantId: string;
  actorId: string;
  requestId: string | undefined;
}

/** To whom invoices are addressed, and how tenants are billed. What was issued stays as it was. */
export class BillingDetailsService {
  readonly #store: BillingDetailsStore;

  constructor(store: BillingDetailsStore) {
    this.#store = store;
  }

  async find(tenantId: string): Promise<BillingDetails & TenantTerms> {
    const details = await this.#store.find(tenantId);
    if (details === undefined) throw notFound("tenant");
    return details;
  }

  /** Throws INVALID_INPUT for what does not fit on an invoice. */
  async set(details: BillingDetails, change: Change): Promise<BillingDetails & TenantTerms> {
    await this.#store.set(
      {
        name: oneLine("name", details.name, { least: 1 }),
        address: inLines("address", details.address),
        taxId: oneLine("taxId", details.taxId),
        email: oneLine("email", details.email),
      },
      change,
    );
    return await this.find(change.tenantId);
  }

  /** Throws NOT_FOUND for a tenant that is not there, and CONFLICT for an anchor day whose periods are in use. */
  async setTerms(terms: BillingTermsChange, change: Change): Promise<BillingDetails & TenantTerms> {
    checkRange("taxRatePpm", terms.taxRatePpm, { from: 0, to: 1_000_000 });
    checkRange("anchorDay", terms.anchorDay, { from: 1, to: 31 });
    switch (await this.#store.setTerms(terms, change)) {
      case "NO_TENANT":
        throw notFound("tenant");
      case "IN_USE":
        throw new TollgateError(
          "CONFLICT",
          "The tenant has used something or been invoiced, so its periods stay as they are.",
        );
      case "SET":
        return await this.find(change.tenantId);
    }
  }
}

const longestLine = 200;
const mostLines = 8;

function oneLine(name: string, text: string, { least }: { least: number } = { least: 0 }): string {
  const trimmed = text.trim();
  const { length } = [...trimmed];
  if (length >= least && length <= longestLine && !/\p{Cc}/u.test(trimmed)) return trimmed;
  throw new TollgateError(
    "INVALID_INPUT",
    `${name} has ${length} characters; it needs ${least} to ${longestLine}, without control characters.`,
  );
}

function inLines(name: string, text: string): string {
  const lines = text.trim().split(/\r\n|\r|\n/);
  if (lines.length > mostLines) {
    throw new TollgateError("INVALID_INPUT", `${name} has ${lines.length} lines; it may have ${mostLines}.`);
  }
  return lines.map((line) => oneLine(name, line)).join("\n");
}

function checkRange(name: string, value: number | undefined, { from, to }: { from: number; to: number }): void {
  if (value === undefined || (value >= from && value <= to)) return;
  throw new TollgateError("INVALID_INPUT", `${name} is ${value}; it must be from ${from} to ${to}.`);
}
