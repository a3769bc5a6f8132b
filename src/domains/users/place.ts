import { operatorPermissions, type Permission, type Role, rolePermissions } from "../../core/permission.ts";
import type { Principal } from "../../core/principal.ts";

/** A user's place in a tenant. */
export interface Membership {
  tenantId: string;
  role: Role;
}

/** A user's places, the oldest first. `tenants` stands right of `users`, so app.ts passes the function in. */
export type MembershipsOf = (userId: string) => Promise<readonly Membership[]>;

/** Where a user signs in to: a tenant, or, for an operator, none. */
export interface Place {
  tenantId: string | undefined;
}

/**
 * The place for a user who signs in. Whoever names a tenant must be its member, operators too; whoever names none is an
 * operator if they are one, and never a member by accident, or else a member of the tenant that they joined first.
 */
export function placeOf(
  user: { isOperator: boolean },
  memberships: readonly Membership[],
  wantedTenantId: string | undefined,
): Place | undefined {
  if (wantedTenantId !== undefined) return memberships.find(({ tenantId }) => tenantId === wantedTenantId);
  return user.isOperator ? { tenantId: undefined } : memberships[0];
}

/** Who a signed-in user is, as of now. Undefined: they have lost the place that they signed in to. */
export function principalAt(
  signIn: { id: string; userId: string; tenantId: string | undefined },
  user: { isOperator: boolean; isDisabled: boolean },
  memberships: readonly Membership[],
): Principal | undefined {
  if (user.isDisabled) return undefined;
  const who = { userId: signIn.userId, signInId: signIn.id };
  if (signIn.tenantId === undefined)
    return user.isOperator ? { kind: "OPERATOR", permissions: ofOperators, ...who } : undefined;
  const membership = memberships.find(({ tenantId }) => tenantId === signIn.tenantId);
  if (membership === undefined) return undefined;
  return { kind: "MEMBER", permissions: ofRoles[membership.role], tenantId: membership.tenantId, ...who };
}

const ofOperators: ReadonlySet<Permission> = new Set(operatorPermissions);
const ofRoles: Record<Role, ReadonlySet<Permission>> = {
  OWNER: new Set(rolePermissions.OWNER),
  ADMIN: new Set(rolePermissions.ADMIN),
  DEVELOPER: new Set(rolePermissions.DEVELOPER),
  FINANCE: new Set(rolePermissions.FINANCE),
};
