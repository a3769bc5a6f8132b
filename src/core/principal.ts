import { TollgateError } from "./errors.ts";
import type { Permission } from "./permission.ts";

/** Who is asking, after authentication. Its permissions are all that it can do, whatever it is. */
export type Principal = ApiKeyPrincipal | MemberPrincipal | OperatorPrincipal;

interface Holder {
  permissions: ReadonlySet<Permission>;
}

/** A machine of a tenant. */
export interface ApiKeyPrincipal extends Holder {
  kind: "API_KEY";
  apiKeyId: string;
  tenantId: string;
}

/** A person, in the tenant that they signed in to. */
export interface MemberPrincipal extends Holder {
  kind: "MEMBER";
  userId: string;
  signInId: string;
  tenantId: string;
}

/** A person of the platform. Has no tenant, and so sees nothing of one. */
export interface OperatorPrincipal extends Holder {
  kind: "OPERATOR";
  userId: string;
  signInId: string;
}

export type PersonPrincipal = MemberPrincipal | OperatorPrincipal;

export type TenantPrincipal = ApiKeyPrincipal | MemberPrincipal;

/** The principal as one of a tenant; operators are told that they have none. */
export function ofTenant(principal: Principal): TenantPrincipal {
  if (principal.kind !== "OPERATOR") return principal;
  throw new TollgateError(
    "FORBIDDEN",
    "An operator belongs to no tenant. Sign in as a member of the tenant, or use its API key.",
  );
}

/** What names the principal in the audit log: an API key's id or a user's. */
export function actorId(principal: Principal): string {
  return principal.kind === "API_KEY" ? principal.apiKeyId : principal.userId;
}
