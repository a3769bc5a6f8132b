import { describe, expect, test } from "vitest";
import { operatorPermissions, roleNames, rolePermissions } from "../../../src/core/permission.ts";
import { type Membership, placeOf, principalAt } from "../../../src/domains/users/place.ts";

const memberships: Membership[] = [
  { tenantId: "ten_1", role: "DEVELOPER" },
  { tenantId: "ten_2", role: "OWNER" },
];
const member = { isOperator: false, isDisabled: false };
const operator = { isOperator: true, isDisabled: false };

describe("where a user signs in to", () => {
  test("a member: the tenant that they name, or else their first", () => {
    expect(placeOf(member, memberships, undefined)?.tenantId).toBe("ten_1");
    expect(placeOf(member, memberships, "ten_2")?.tenantId).toBe("ten_2");
  });

  test("an operator: nowhere unless they name a tenant, member or not", () => {
    expect(placeOf(operator, memberships, undefined)).toEqual({ tenantId: undefined });
    expect(placeOf(operator, memberships, "ten_2")?.tenantId).toBe("ten_2");
  });

  test("nobody: a tenant that is not theirs, the empty name, or no place at all", () => {
    for (const user of [member, operator])
      for (const tenantId of ["ten_3", ""]) expect(placeOf(user, memberships, tenantId)).toBeUndefined();
    expect(placeOf(member, [], undefined)).toBeUndefined();
  });
});

describe("who a signed-in user is", () => {
  const signIn = { id: "sgn_1", userId: "usr_1", tenantId: "ten_1" };
  const withoutTenant = { ...signIn, tenantId: undefined };

  test.each(roleNames)("a member with the permissions of the role %s", (role) => {
    expect(principalAt(signIn, member, [{ tenantId: "ten_1", role }])).toEqual({
      kind: "MEMBER",
      userId: "usr_1",
      signInId: "sgn_1",
      tenantId: "ten_1",
      permissions: new Set(rolePermissions[role]),
    });
  });

  test("an operator who signed in to a tenant is a member there and nothing more", () => {
    const principal = principalAt(signIn, operator, memberships);
    expect(principal?.kind).toBe("MEMBER");
    expect(principal?.permissions).toEqual(new Set(rolePermissions.DEVELOPER));
  });

  test("an operator who signed in to none holds what operators hold, and nothing of their tenants", () => {
    expect(principalAt(withoutTenant, operator, memberships)).toEqual({
      kind: "OPERATOR",
      userId: "usr_1",
      signInId: "sgn_1",
      permissions: new Set(operatorPermissions),
    });
  });

  test("nobody once disabled, out of the tenant, or no operator any more", () => {
    expect(principalAt(signIn, { ...member, isDisabled: true }, memberships)).toBeUndefined();
    expect(principalAt(withoutTenant, { ...operator, isDisabled: true }, memberships)).toBeUndefined();
    expect(principalAt(signIn, member, [{ tenantId: "ten_2", role: "OWNER" }])).toBeUndefined();
    expect(principalAt(withoutTenant, member, memberships)).toBeUndefined();
  });
});
