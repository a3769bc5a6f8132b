import type { Clock } from "../../core/clock.ts";
import { TollgateError } from "../../core/errors.ts";
import { parseEmail } from "../users/email.ts";
import { generatePassword, type Passwords } from "../users/passwords.ts";
import type { Tenant, TenantStore } from "./tenant.store.ts";

interface TenantRequest {
  name: string;
  planName: string;
  ownerEmail: string;
  /** The day of the month on which its billing periods begin: 1 where it is not given, so that they are the months. */
  billingAnchorDay?: number;
  /** Who makes it: an operator's id, or what else stands in the audit log. */
  actorId: string;
  requestId: string | undefined;
}

export interface CreatedTenant {
  tenant: Tenant;
  /** To be shown once. Undefined: the owner was a user already, and keeps their password. */
  ownerPassword: string | undefined;
}

const longestName = 100;

/** Makes tenants. */
export class TenantService {
  readonly #store: TenantStore;
  readonly #passwords: Passwords;
  readonly #clock: Clock;

  constructor(store: TenantStore, passwords: Passwords, clock: Clock) {
    this.#store = store;
    this.#passwords = passwords;
    this.#clock = clock;
  }

  /**
   * Makes a tenant on a plan, with an owner. Throws INVALID_INPUT for a name, e-mail or plan that cannot be, and CONFLICT
   * for an owner who is a disabled user; nothing is written then.
   */
  async createTenant(request: TenantRequest): Promise<CreatedTenant> {
    const name = parseName(request.name);
    const ownerEmail = parseEmail(request.ownerEmail);
    // Hashed before it is known whether the owner is new: within the transaction, it would be held open for that long.
    const password = generatePassword();
    const created = await this.#store.create({
      ...request,
      billingAnchorDay: parseAnchorDay(request.billingAnchorDay ?? 1),
      name,
      ownerEmail,
      ownerPasswordHash: await this.#passwords.hash(password),
      now: this.#clock.now(),
    });
    switch (created.outcome) {
      case "CREATED":
        return { tenant: created.tenant, ownerPassword: created.ownerIsNew ? password : undefined };
      case "NO_SUCH_PLAN":
        throw new TollgateError(
          "INVALID_INPUT",
          `There is no plan of that name. The query plans lists those on offer.`,
        );
      case "OWNER_DISABLED":
        throw new TollgateError("CONFLICT", `The user ${ownerEmail} is disabled. Choose another owner.`);
    }
  }
}

/** A tenant's name, trimmed. Throws INVALID_INPUT for one that is empty, too long, or not of printable characters. */
function parseName(text: string): string {
  const name = text.trim();
  const length = [...name].length;
  if (length >= 1 && length <= longestName && !/\p{C}/u.test(name)) return name;
  throw new TollgateError(
    "INVALID_INPUT",
    `The name has ${length} characters; it needs 1 to ${longestName}, without control characters.`,
  );
}

function parseAnchorDay(day: number): number {
  if (Number.isInteger(day) && day >= 1 && day <= 31) return day;
  throw new TollgateError("INVALID_INPUT", `billingAnchorDay is ${day}; it must be from 1 to 31.`);
}
