import { TollgateError } from "../../core/errors.ts";
import { apiKeyPermissions, type Permission } from "../../core/permission.ts";
import type { WantedLimit } from "../plans/limit-terms.ts";
import { checkCidrs } from "./allowed-cidrs.ts";

/** A key as somebody asks for it. */
export interface WantedApiKey {
  name: string;
  permissions: string[];
  expiresAt: Date | undefined;
  allowedCidrs: string[];
  /** Limits of its own, beside those of its tenant and its plan. */
  limits?: WantedLimit[];
}

/** The same, after it was found in order. */
export interface GrantedApiKey extends Omit<WantedApiKey, "limits"> {
  permissions: Permission[];
}

const maxNameLength = 100;

/** Throws INVALID_INPUT for what no key can be, FORBIDDEN for what the holder may not give. */
export function grantApiKey(wanted: WantedApiKey, holder: ReadonlySet<Permission>, now: Date): GrantedApiKey {
  const granted = {
    name: checkName(wanted.name),
    permissions: checkPermissions(wanted.permissions),
    expiresAt: checkExpiry(wanted.expiresAt, now),
    allowedCidrs: checkCidrs(wanted.allowedCidrs),
  };
  checkHolds(holder, granted.permissions);
  return granted;
}

/** Nobody grants what they do not hold. Throws FORBIDDEN that names it. */
export function checkHolds(holder: ReadonlySet<Permission>, permissions: readonly Permission[]): void {
  const lacking = permissions.filter((permission) => !holder.has(permission));
  if (lacking.length === 0) return;
  throw new TollgateError(
    "FORBIDDEN",
    `You cannot grant ${lacking.join(", ")}: you do not hold it yourself. Ask for a key without, or ask somebody who does.`,
  );
}

function checkName(text: string): string {
  const name = text.trim();
  if (name === "" || name.length > maxNameLength) {
    throw new TollgateError("INVALID_INPUT", `name has ${name.length} characters; it must have 1 to ${maxNameLength}.`);
  }
  if (name.isWellFormed() && !/\p{Cc}/u.test(name)) return name;
  throw new TollgateError("INVALID_INPUT", "name has a control character or half a character; leave it out.");
}

function checkPermissions(texts: string[]): Permission[] {
  if (texts.length === 0) {
    throw new TollgateError("INVALID_INPUT", `permissions is empty; ${choices}`);
  }
  return [...new Set(texts.map(checkPermission))];
}

function checkPermission(text: string, index: number): Permission {
  const permission = apiKeyPermissions.find((known) => known === text);
  if (permission !== undefined) return permission;
  throw new TollgateError("INVALID_INPUT", `permissions[${index}] is ${JSON.stringify(text.slice(0, 60))}; ${choices}`);
}

const choices = `an API key can have ${apiKeyPermissions.join(", ")}.`;

function checkExpiry(expiresAt: Date | undefined, now: Date): Date | undefined {
  if (expiresAt === undefined || expiresAt > now) return expiresAt;
  throw new TollgateError(
    "INVALID_INPUT",
    `expiresAt is ${expiresAt.toISOString()}, which has passed; it must lie in the future.`,
  );
}
