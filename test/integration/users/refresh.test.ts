import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newRefreshToken, reuseGraceMs } from "../../../src/domains/users/refresh-token.ts";
import { outcomesOf, refusalOf } from "../../support/refusal.ts";
import { openSignInHouse, type Replica, type SignInHouse } from "../../support/sign-in-house.ts";

const dayMs = 24 * 60 * 60_000;

let house: SignInHouse;

beforeAll(async () => {
  house = await openSignInHouse();
});

afterAll(async () => {
  await house.close();
});

async function signedInOwner() {
  const owner = await house.createOwner();
  const signedIn = await house.signIn(owner);
  return { ...owner, ...signedIn };
}

async function signInOf(userId: string) {
  const [row] = await house.sql(
    `select s.revoked_for,
            (select count(*)::int from refresh_tokens t where t.sign_in_id = s.id) as tokens,
            (select count(*)::int from audit_events a where a.subject_id = s.id and a.action = 'sign_in.revoked') as audited
     from sign_ins s where s.user_id = $1`,
    [userId],
  );
  return row;
}

describe("refreshing", () => {
  test("gives a new pair of the same sign-in", async () => {
    const owner = await signedInOwner();
    house.clock.advance(14 * 60_000);
    const refreshed = await house.refresh(owner.refreshToken);
    expect(refreshed.expiresAt).toEqual(new Date(house.clock.now().getTime() + 15 * 60_000));
    expect(refreshed.refreshToken).not.toBe(owner.refreshToken);
    const [before, after] = await Promise.all([
      house.authentication.authenticate(owner.accessToken),
      house.authentication.authenticate(refreshed.accessToken),
    ]);
    expect(after).toEqual(before);
    await house.refresh(refreshed.refreshToken);
  });

  test("works for 30 days and not longer, however often it is done; no access token outlives them", async () => {
    let { refreshToken, accessToken, expiresAt } = await signedInOwner();
    const endsAt = new Date(house.clock.now().getTime() + 30 * dayMs);
    for (let day = 0; day < 29; day++) {
      house.clock.advance(dayMs);
      ({ refreshToken } = await house.refresh(refreshToken));
    }
    house.clock.advance(dayMs - 60_000);
    ({ refreshToken, accessToken, expiresAt } = await house.refresh(refreshToken));
    expect(expiresAt).toEqual(endsAt);
    house.clock.advance(60_000);
    expect((await refusalOf(house.refresh(refreshToken))).code).toBe("UNAUTHENTICATED");
    expect((await refusalOf(house.authentication.authenticate(accessToken))).code).toBe("UNAUTHENTICATED");
  });

  test("of 50 uses of one token at once on two replicas, exactly one wins and the sign-in lives on", async () => {
    const owner = await signedInOwner();
    const second = await house.addReplica();
    const winners: string[] = [];
    const use = async (replica: Pick<Replica, "refresh">) => {
      winners.push((await replica.refresh(owner.refreshToken)).refreshToken);
    };
    const uses = Array.from({ length: 50 }, (_, i) => use(i % 2 === 0 ? house : second));
    expect(await outcomesOf(uses)).toEqual({ DONE: 1, CONFLICT: 49 });
    expect(await signInOf(owner.userId)).toEqual({ revoked_for: null, tokens: 2, audited: 0 });
    expect(winners).toHaveLength(1);
    for (const winner of winners) await house.refresh(winner);
  });

  test("keeps only a hash of the token", async () => {
    const owner = await signedInOwner();
    const [row] = await house.sql(
      "select length(t.secret_hash) as bytes from refresh_tokens t join sign_ins s on s.id = t.sign_in_id where s.user_id = $1",
      [owner.userId],
    );
    expect(row).toEqual({ bytes: 32 });
  });
});

describe("using a refresh token a second time", () => {
  test("CONFLICT within seconds, for the client that asked twice; nothing is revoked", async () => {
    const owner = await signedInOwner();
    const { refreshToken } = await house.refresh(owner.refreshToken);
    house.clock.advance(reuseGraceMs - 1);
    expect((await refusalOf(house.refresh(owner.refreshToken))).code).toBe("CONFLICT");
    expect(await signInOf(owner.userId)).toEqual({ revoked_for: null, tokens: 2, audited: 0 });
    await house.refresh(refreshToken);
  });

  test("ends the sign-in later on: every token that came of it is refused, and it is audited once", async () => {
    const owner = await signedInOwner();
    const second = await house.refresh(owner.refreshToken);
    const third = await house.refresh(second.refreshToken);
    const otherSignIn = await house.signIn(owner);
    house.clock.advance(reuseGraceMs);
    const uses = Array.from({ length: 10 }, () => house.refresh(owner.refreshToken));
    expect(await outcomesOf(uses)).toEqual({ UNAUTHENTICATED: 10 });

    for (const token of [second.refreshToken, third.refreshToken])
      expect((await refusalOf(house.refresh(token))).code).toBe("UNAUTHENTICATED");
    const replica = await house.addReplica();
    expect((await refusalOf(replica.authentication.authenticate(third.accessToken))).code).toBe("UNAUTHENTICATED");
    const events = await house.sql(
      "select actor_id, details, tenant_id from audit_events where action = 'sign_in.revoked' and actor_id = $1",
      [owner.userId],
    );
    expect(events).toEqual([
      { actor_id: owner.userId, details: { reason: "REFRESH_TOKEN_REUSED" }, tenant_id: owner.tenantId },
    ]);
    await house.refresh(otherSignIn.refreshToken);
  });
});

describe("refusing a refresh token", () => {
  test("looks the same for one that is malformed, made up, of another secret, or revoked; and uses nothing up", async () => {
    const owner = await signedInOwner();
    const revoked = await signedInOwner();
    await house.sql("update sign_ins set revoked_at = now() where user_id = $1", [revoked.userId]);
    const [, id] = owner.refreshToken.split("_");
    const madeUp = newRefreshToken().text;
    const refusals = [];
    for (const token of [
      "",
      "tgr_",
      owner.accessToken,
      owner.refreshToken.toUpperCase(),
      `${owner.refreshToken}0`,
      "x".repeat(100_000),
      madeUp,
      `tgr_${id}_${madeUp.split("_")[2]}`,
      revoked.refreshToken,
    ])
      refusals.push(await refusalOf(house.refresh(token)));
    expect(new Set(refusals.map(({ code, message }) => `${code} ${message}`))).toEqual(
      new Set(["UNAUTHENTICATED The refresh token is not valid, or no longer. Sign in again."]),
    );
    expect(await signInOf(owner.userId)).toEqual({ revoked_for: null, tokens: 1, audited: 0 });
    await house.refresh(owner.refreshToken);
  });

  test("UNAUTHENTICATED for a user who was disabled or has left the tenant, and uses nothing up", async () => {
    const disabled = await signedInOwner();
    const left = await signedInOwner();
    await house.sql("update users set disabled_at = now() where id = $1", [disabled.userId]);
    await house.asOwner("delete from members where user_id = $1", [left.userId]);
    for (const { refreshToken, userId } of [disabled, left]) {
      expect((await refusalOf(house.refresh(refreshToken))).code).toBe("UNAUTHENTICATED");
      expect(await signInOf(userId)).toMatchObject({ tokens: 1 });
    }
    await house.sql("update users set disabled_at = null where id = $1", [disabled.userId]);
    await house.refresh(disabled.refreshToken);
  });
});
