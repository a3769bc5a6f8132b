import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rolePermissions } from "../../../src/core/permission.ts";
import { attemptLimits } from "../../../src/domains/users/attempt-limits.ts";
import { Passwords } from "../../../src/domains/users/passwords.ts";
import { outcomesOf, refusalOf } from "../../support/refusal.ts";
import { openSignInHouse, type SignInHouse } from "../../support/sign-in-house.ts";

let house: SignInHouse;

beforeAll(async () => {
  house = await openSignInHouse();
});

afterAll(async () => {
  await house.close();
});

async function signInsOf(userId: string): Promise<number> {
  return (await house.sql("select id from sign_ins where user_id = $1", [userId])).length;
}

describe("signing in", () => {
  test("gives an access token of 15 minutes that stands for the member, with the permissions of the role", async () => {
    const owner = await house.createOwner();
    const signedIn = await house.signIn(owner);
    expect(signedIn.expiresAt).toEqual(new Date(house.clock.now().getTime() + 15 * 60_000));
    expect(await house.authentication.authenticate(signedIn.accessToken)).toEqual({
      kind: "MEMBER",
      userId: owner.userId,
      tenantId: owner.tenantId,
      signInId: expect.stringMatching(/^sgn_/),
      permissions: new Set(rolePermissions.OWNER),
    });
  });

  test("knows the email in any case and with spaces around it", async () => {
    const { email, password } = await house.createOwner();
    await house.signIn({ email: ` ${email.toUpperCase()} `, password });
  });

  test("is audited in the tenant", async () => {
    const { userId, tenantId, ...owner } = await house.createOwner();
    await house.signIn(owner);
    const events = await house.sql(
      "select actor_id, details, request_id from audit_events where tenant_id = $1 and action = 'sign_in.created'",
      [tenantId],
    );
    expect(events).toEqual([{ actor_id: userId, details: {}, request_id: "req_test" }]);
  });

  test("puts a member of several tenants into the one that they name, or else the one that they joined first", async () => {
    const owner = await house.createOwner();
    house.clock.advance(1);
    const { tenant } = await house.tenants.createTenant({
      name: "Second",
      planName: "standard",
      ownerEmail: owner.email,
      actorId: "test",
      requestId: undefined,
    });
    const tenantOf = async (tenantId?: string) => {
      const { email, password } = owner;
      const { accessToken } = await house.signIn({ email, password, ...(tenantId && { tenantId }) });
      return await house.authentication.authenticate(accessToken);
    };
    expect(await tenantOf()).toMatchObject({ tenantId: owner.tenantId });
    expect(await tenantOf(tenant.id)).toMatchObject({ tenantId: tenant.id });
  });

  test("makes an operator an operator, and a member only where they name a tenant of theirs", async () => {
    const email = "both@example.com";
    const { userId, password } = await house.operators.createOperator({ email });
    const { tenant } = await house.tenants.createTenant({
      name: "Of an operator",
      planName: "standard",
      ownerEmail: email,
      actorId: userId,
      requestId: undefined,
    });
    const asOperator = await house.signIn({ email, password });
    expect(await house.authentication.authenticate(asOperator.accessToken)).toMatchObject({ kind: "OPERATOR", userId });
    const asMember = await house.signIn({ email, password, tenantId: tenant.id });
    expect(await house.authentication.authenticate(asMember.accessToken)).toMatchObject({
      kind: "MEMBER",
      tenantId: tenant.id,
    });
    const other = await house.createOwner();
    expect((await refusalOf(house.signIn({ email, password, tenantId: other.tenantId }))).code).toBe("UNAUTHENTICATED");
  });
});

describe("refusing to sign somebody in", () => {
  test("looks the same for an unknown email, a wrong password, a disabled user and one without a place", async () => {
    const owner = await house.createOwner();
    const disabled = await house.createOwner();
    await house.sql("update users set disabled_at = now() where id = $1", [disabled.userId]);
    const placeless = await house.createOwner();
    await house.asOwner("delete from members where user_id = $1", [placeless.userId]);
    const other = await house.createOwner();

    const refusals = await Promise.all([
      refusalOf(house.signIn({ email: "nobody@example.com", password: owner.password })),
      refusalOf(house.signIn({ email: owner.email, password: "not the password" })),
      refusalOf(house.signIn({ email: owner.email, password: "" })),
      refusalOf(house.signIn({ email: disabled.email, password: disabled.password })),
      refusalOf(house.signIn({ email: placeless.email, password: placeless.password })),
      refusalOf(house.signIn({ email: owner.email, password: owner.password, tenantId: other.tenantId })),
      refusalOf(house.signIn({ email: owner.email, password: owner.password, tenantId: "ten_none" })),
    ]);
    expect(new Set(refusals.map(({ code, message }) => `${code} ${message}`))).toEqual(
      new Set(["UNAUTHENTICATED The email or the password is wrong, or the user is not in that tenant."]),
    );
    for (const { userId } of [owner, disabled, placeless]) expect(await signInsOf(userId)).toBe(0);
  });

  test("INVALID_INPUT for what can be no email or password, which is counted for nobody", async () => {
    const before = await house.sql("select count(*) from sign_in_attempts");
    for (const email of ["", "nobody", "a@b", "a b@example.com", "ann@exämple.com", `${"a".repeat(250)}@example.com`])
      expect((await refusalOf(house.signIn({ email, password: "whatever it is" }))).code).toBe("INVALID_INPUT");
    const long = await refusalOf(house.signIn({ email: "ann@example.com", password: "x".repeat(257) }));
    expect(long.code).toBe("INVALID_INPUT");
    expect(await house.sql("select count(*) from sign_in_attempts")).toEqual(before);
  });

  test("RATE_LIMITED after 10 wrong passwords, the right one included, until the 15 minutes are over", async () => {
    const { email, password, userId } = await house.createOwner();
    const wrong = () => house.signIn({ email, password: "not the password" });
    for (let i = 0; i < attemptLimits.account; i++) expect((await refusalOf(wrong())).code).toBe("UNAUTHENTICATED");

    house.clock.advance(60_000);
    const refusal = await refusalOf(house.signIn({ email, password }));
    expect(refusal).toMatchObject({ code: "RATE_LIMITED", retryAfterMs: 14 * 60_000 });
    expect(await signInsOf(userId)).toBe(0);

    house.clock.advance(refusal.retryAfterMs ?? 0);
    await house.signIn({ email, password });
  });

  test("RATE_LIMITED for an email that nobody has, exactly as for a user's", async () => {
    const { email } = await house.createOwner();
    const last = async (tried: string) => {
      const attempts = Array.from({ length: 11 }, () => () => house.signIn({ email: tried, password: "wrong" }));
      let refusal = await refusalOf(house.signIn({ email: tried, password: "wrong" }));
      for (const attempt of attempts) refusal = await refusalOf(attempt());
      return { code: refusal.code, message: refusal.message, retryAfterMs: refusal.retryAfterMs };
    };
    expect(await last("unknown@example.com")).toEqual(await last(email));
  });

  test("RATE_LIMITED for an address that tries many emails, whose accounts are then not counted", async () => {
    const clientAddress = "192.0.2.1";
    const owner = await house.createOwner();
    for (let i = 0; i < attemptLimits.address; i++)
      await refusalOf(house.signIn({ email: `user${i}@example.com`, password: "wrong", clientAddress }));

    for (let i = 0; i < 2 * attemptLimits.account; i++) {
      const refusal = await refusalOf(house.signIn({ email: owner.email, password: "wrong", clientAddress }));
      expect(refusal.code).toBe("RATE_LIMITED");
    }
    await house.signIn(owner);
  });

  test("OVERLOADED at once when too many passwords are being checked, which counts as no attempt", async () => {
    // One hash that takes long holds the only place while the others come.
    const passwords = new Passwords({
      cost: { memoryKib: 19_456, passes: 40 },
      bounds: { atOnce: 1, maxWaiting: 0 },
    });
    const busy = await house.addReplica({ passwords });
    const { email, password } = await house.createOwner();
    const held = passwords.hash("some password");
    for (let i = 0; i < 2 * attemptLimits.account; i++) {
      const refusal = await refusalOf(busy.signIn({ email, password }));
      expect(refusal.code).toBe("OVERLOADED");
      expect(refusal.retryAfterMs).toBeGreaterThan(0);
    }
    await held;
    await house.signIn({ email, password });
  });
});

describe("counting attempts", () => {
  test("a success clears the account's count", async () => {
    const { email, password } = await house.createOwner();
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < attemptLimits.account - 1; i++)
        await refusalOf(house.signIn({ email, password: "not the password" }));
      await house.signIn({ email, password });
    }
  });

  test("a success gives its address back that one attempt and no more", async () => {
    const clientAddress = "192.0.2.2";
    const owner = await house.createOwner();
    for (let i = 0; i < attemptLimits.address - 1; i++) {
      await refusalOf(house.signIn({ email: `other${i}@example.com`, password: "wrong", clientAddress }));
      if (i % 10 === 0) await house.signIn({ ...owner, clientAddress });
    }
    expect((await refusalOf(house.signIn({ email: "a@example.com", password: "wrong", clientAddress }))).code).toBe(
      "UNAUTHENTICATED",
    );
    expect((await refusalOf(house.signIn({ ...owner, clientAddress }))).code).toBe("RATE_LIMITED");
  });

  test("of 50 guesses at once on two replicas, exactly 10 reach the password", async () => {
    const { email } = await house.createOwner();
    const roomy = {
      passwords: new Passwords({ cost: { memoryKib: 8, passes: 1 }, bounds: { atOnce: 2, maxWaiting: 99 } }),
    };
    const replicas = [await house.addReplica(roomy), await house.addReplica(roomy)];
    const guesses = Array.from({ length: 50 }, (_, i) => replicas[i % 2]?.signIn({ email, password: `guess ${i}` }));
    expect(await outcomesOf(guesses.filter((guess) => guess !== undefined))).toEqual({
      UNAUTHENTICATED: attemptLimits.account,
      RATE_LIMITED: 50 - attemptLimits.account,
    });
  });

  test("forgets what no longer counts", async () => {
    await refusalOf(house.signIn({ email: "forgotten@example.com", password: "wrong" }));
    house.clock.advance(attemptLimits.stretchMs + 60_000);
    await refusalOf(house.signIn({ email: "next@example.com", password: "wrong" }));
    expect(await house.sql("select count(*)::int as n from sign_in_attempts")).toEqual([{ n: 2 }]);
  });
});

test("no password and no token can be read from the database", async () => {
  const owner = await house.createOwner();
  const signedIn = await house.signIn(owner);
  await refusalOf(house.signIn({ email: owner.email, password: "a wrong password" }));
  await refusalOf(house.signIn({ email: "a.secret.typed@in-the-wrong.field", password: "wrong" }));
  await house.refresh(signedIn.refreshToken);
  const tables = ["users", "sign_ins", "refresh_tokens", "sign_in_attempts", "audit_events"];
  const texts = await Promise.all(tables.map((table) => house.sql(`select t::text as text from ${table} t`)));
  const everything = JSON.stringify(texts);
  const secret = signedIn.refreshToken.split("_")[2] ?? "";
  expect(secret).toHaveLength(52);
  for (const word of [owner.password, "a wrong password", "a.secret.typed", secret, signedIn.accessToken])
    expect(everything).not.toContain(word);
  // Hex of the secret's text, in case it was stored as bytes rather than hashed.
  expect(everything).not.toContain(Buffer.from(secret).toString("hex"));
});
