import type { AuthCheckerFn } from "type-graphql";
import { TollgateError } from "../../core/errors.ts";
import { isPermission, type Permission } from "../../core/permission.ts";
import type { Principal } from "../../core/principal.ts";
import { principalOf, type RequestContext } from "../../core/request-context.ts";

/** What `@Authorized("keys:write")` does: every permission named must be held. Throws rather than answer "no". */
export const authorize: AuthCheckerFn<RequestContext, string> = ({ context }, needed) => {
  const principal = principalOf(context);
  for (const permission of needed) {
    if (!isPermission(permission)) throw new Error(`a field asks for the unknown permission ${permission}`);
    requirePermission(principal, permission);
  }
  return true;
};

/** Throws FORBIDDEN where the principal lacks the permission. */
export function requirePermission(principal: Principal, permission: Permission): void {
  if (principal.permissions.has(permission)) return;
  throw new TollgateError("FORBIDDEN", `This needs the permission ${permission}, which the credential does not have.`);
}
