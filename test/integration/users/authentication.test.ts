import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newId } from "../../../src/core/ids.ts";
import { rolePermissions } from "../../../src/core/permission.ts";
import type { Principal } from "../../../src/core/principal.ts";
import { eventually } from "../../support/eventually.ts";
import { refusalOf } from "../../support/refusal.ts";
import { deafAndUnaware, openSignInHouse, type Replica, type SignInHouse } from "../../support/sign-in-house.ts";

let house: SignInHouse;
let idle: Replica;

beforeAll(async () => {
  house = await openSignInHouse();
  idle = await house.addReplica();
});

afterAll(async () => {
  await house.close();
});

async function signedInOwner() {
  const owner = await house.createOwner();
  const { accessToken } = await house.signIn(owner);
  const principal = await house.authentication.authenticate(accessToken);
  if (principal.kind !== "MEMBER") throw new Error(`The owner is no member but ${principal.kind}.`);
  // Remembered by the other replica too, which sees nothing of what happens next.
  await idle.authentication.authenticate(accessToken);
  return { ...owner, accessToken, principal };
}

/** Waits for the replica to refuse the token, no longer than the second that is promised. */
async function refusedWithinASecond(replica: Pick<Replica, "authentication">, accessToken: string) {
  const isRefused = () =>
    replica.authentication.authenticate(accessToken).then(
      () => false,
      () => true,
    );
  await eventually(isRefused, { withinMs: 1_000, what: "the token is refused" });
  return await refusalOf(replica.authentication.authenticate(accessToken));
}

describe("an access token is refused within a second on every replica", () => {
  const endings: [string, (owner: { userId: string; principal: Principal }) => Promise<unknown>][] = [
    [
      "after signing out",
      async ({ principal }) => {
        if (principal.kind === "MEMBER") await house.service.signOut(principal, "req_test");
      },
    ],
    [
      "after the user was disabled",
      ({ userId }) => house.sql("update users set disabled_at = now() where id = $1", [userId]),
    ],
    ["after the member was removed", ({ userId }) => house.asOwner("delete from members where user_id = $1", [userId])],
    [
      "after the sign-in was revoked by hand",
      ({ userId }) => house.asOwner("update sign_ins set revoked_at = now() where user_id = $1", [userId]),
    ],
  ];
  test.each(endings)("%s", async (_, end) => {
    const owner = await signedInOwner();
    await end(owner);
    const refusals = await Promise.all(
      [house, idle].map((replica) => refusedWithinASecond(replica, owner.accessToken)),
    );
    for (const { code, message } of refusals)
      expect({ code, message }).toEqual({
        code: "UNAUTHENTICATED",
        message:
          "The access token is not valid, or no longer. Get a new one with refreshAccessToken, or sign in again.",
      });
  });

  test("after an operator was made none", async () => {
    const { userId, ...operator } = await createOperator();
    const { accessToken } = await house.signIn(operator);
    await idle.authentication.authenticate(accessToken);
    await house.sql("update users set is_operator = false where id = $1", [userId]);
    await refusedWithinASecond(idle, accessToken);
  });
});

async function createOperator() {
  const email = `${newId("user")}@example.com`;
  return { email, ...(await house.operators.createOperator({ email })) };
}

describe("what an access token stands for", () => {
  test("follows the member's role within a second", async () => {
    const { userId, accessToken } = await signedInOwner();
    await house.asOwner("update members set role = 'FINANCE' where user_id = $1", [userId]);
    const principal = await eventually(
      async () => {
        const now = await idle.authentication.authenticate(accessToken);
        return now.permissions.has("keys:write") ? undefined : now;
      },
      { withinMs: 1_000, what: "the new role" },
    );
    expect(principal.permissions).toEqual(new Set(rolePermissions.FINANCE));
  });

  test("includes a tenant that the user joined a moment ago, even where that was not heard of yet", async () => {
    const unaware = await house.addReplica({ notifications: deafAndUnaware });
    const owner = await signedInOwner();
    await unaware.authentication.authenticate(owner.accessToken);
    const { tenant } = await house.tenants.createTenant({
      name: "Joined later",
      planName: "standard",
      ownerEmail: owner.email,
      actorId: "test",
      requestId: undefined,
    });
    const { email, password } = owner;
    const { accessToken } = await house.signIn({ email, password, tenantId: tenant.id });
    expect(await unaware.authentication.authenticate(accessToken)).toMatchObject({ tenantId: tenant.id });
  });

  test("is not another user's sign-in", async () => {
    const [one, other] = [await signedInOwner(), await signedInOwner()];
    const claims = { userId: one.userId, signInId: other.principal.signInId };
    const forged = await house.accessTokens.issue(claims, new Date(house.clock.now().getTime() + 60_000));
    expect((await refusalOf(house.authentication.authenticate(forged.text))).code).toBe("UNAUTHENTICATED");
  });

  test("is nobody when the sign-in was never made", async () => {
    const owner = await signedInOwner();
    const claims = { userId: owner.userId, signInId: newId("signIn") };
    const orphan = await house.accessTokens.issue(claims, new Date(house.clock.now().getTime() + 60_000));
    expect((await refusalOf(house.authentication.authenticate(orphan.text))).code).toBe("UNAUTHENTICATED");
  });
});

test("signing out twice ends the sign-in once and audits it once", async () => {
  const { principal } = await signedInOwner();
  await Promise.all([1, 2, 3].map(() => house.service.signOut(principal, "req_test")));
  expect(
    await house.sql("select details from audit_events where subject_id = $1 and action = 'sign_in.revoked'", [
      principal.signInId,
    ]),
  ).toEqual([{ details: { reason: "SIGNED_OUT" } }]);
});

test("a remembered principal costs no query", async () => {
  const owner = await signedInOwner();
  const replica = await house.addReplica({ notifications: deafAndUnaware });
  await replica.authentication.authenticate(owner.accessToken);
  await replica.database.close();
  expect(await replica.authentication.authenticate(owner.accessToken)).toEqual(owner.principal);
});
