import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ApiKeyAuthenticator } from "../../../src/domains/keys/api-key-authentication.ts";
import { makeApiKey } from "../../../src/domains/keys/api-key-secret.ts";
import { CredentialStore } from "../../../src/domains/keys/credential.store.ts";
import type { Requester } from "../../../src/domains/keys/keys.service.ts";
import { openDatabase } from "../../../src/platform/database.ts";
import { eventually } from "../../support/eventually.ts";
import { HeldNotifications } from "../../support/held-notifications.ts";
import { type KeyHouse, openKeyHouse } from "../../support/key-house.ts";
import { refusalOf } from "../../support/refusal.ts";

let house: KeyHouse;
let owner: Requester;

beforeAll(async () => {
  house = await openKeyHouse();
  owner = await house.createOwner();
});

afterAll(async () => {
  await house.close();
});

const told = async (credential: string, address?: string) => {
  const { code, message } = await refusalOf(house.authenticate(credential, address));
  return { code, message };
};

describe("a key that works", () => {
  test("is a principal of its tenant with its permissions, and the second time at once", async () => {
    const { apiKey, secret } = await house.issue(owner, { permissions: ["models:read", "usage:read"] });
    const principal = await house.authenticate(secret);
    expect(principal).toEqual({
      kind: "API_KEY",
      apiKeyId: apiKey.id,
      tenantId: owner.principal.tenantId,
      permissions: new Set(["models:read", "usage:read"]),
    });
    expect(house.authenticator.authenticate(secret, "10.0.0.1")).toBe(principal);
  });

  test("gets no permission that a key cannot be granted, whatever was written into its row", async () => {
    const { apiKey, secret } = await house.issue(owner);
    await house.asOwner("update api_keys set permissions = '{keys:write,models:read,all}' where id = $1", [apiKey.id]);
    expect((await house.authenticate(secret)).permissions).toEqual(new Set(["models:read"]));
  });

  test("is noted as used, later and in one write, never back in time", async () => {
    const { apiKey, secret } = await house.issue(owner);
    const usedAt = house.clock.now();
    await house.authenticate(secret);
    const lastUsedAt = async () => (await house.store.find(apiKey.tenantId, apiKey.id))?.lastUsedAt;
    expect(await lastUsedAt()).toBeUndefined();
    await house.lastUses.flush();
    expect(await lastUsedAt()).toEqual(usedAt);
    await house.credentials.recordUses(new Map([[apiKey.id, usedAt.getTime() - 1]]));
    expect(await lastUsedAt()).toEqual(usedAt);
  });

  test("is still remembered after its use was noted, which is no change that anybody is told of", async () => {
    const { secret } = await house.issue(owner);
    const principal = await house.authenticate(secret);
    const changed: string[] = [];
    house.notifications.subscribe(
      "tollgate_api_keys",
      (id) => changed.push(id),
      () => {},
    );
    await house.lastUses.flush();
    await house.asOwner("select pg_notify('tollgate_api_keys', 'the end')");
    await eventually(() => changed.includes("the end"), {
      withinMs: 2_000,
      what: "what was announced after the flush",
    });
    expect(changed).toEqual(["the end"]);
    expect(await house.authenticate(secret)).toBe(principal);
  });

  test("many replicas noting the same keys at once, in whatever order, do not deadlock", async () => {
    const crowd = await house.createOwner();
    // So many keys that Postgres looks each one up, in the order in which they were given.
    await house.asOwner(
      `insert into api_keys (id, tenant_id, name, prefix, secret_hash, permissions, created_by)
       select 'key_many' || n, $1, 'x', 'x', sha256(n::text::bytea), '{}', 'usr_test' from generate_series(1, 20000) n`,
      [crowd.principal.tenantId],
    );
    await house.asOwner("analyze api_keys");
    const uses = Array.from({ length: 200 }, (_, i): [string, number] => [`key_many${i + 1}`, 1_700_000_000_000 + i]);
    const writes = Array.from({ length: 16 }, (_, i) =>
      house.credentials.recordUses(new Map(i % 2 === 0 ? uses : uses.toReversed())),
    );
    await Promise.all(writes);
  });
});

describe("a key that does not work", () => {
  test("a wrong secret and an unknown id are told in the same words", async () => {
    const [mine, other] = [makeApiKey(), makeApiKey()];
    await house.asOwner(
      `insert into api_keys (id, tenant_id, name, prefix, secret_hash, permissions, created_by)
       values ($1, $2, 'x', $3, $4, '{}', 'usr_test')`,
      [mine.id, owner.principal.tenantId, mine.prefix, other.secretHash],
    );
    const wrongSecret = await told(mine.credential);
    expect(wrongSecret.code).toBe("UNAUTHENTICATED");
    expect(await told(other.credential)).toEqual(wrongSecret);
  });

  test("only who knows the secret learns that a key was revoked, has expired, or is bound to addresses", async () => {
    const expiresAt = new Date(house.clock.now().getTime() + 1_000);
    const revoked = await house.issue(owner);
    const bound = await house.issue(owner, { allowedCidrs: ["192.0.2.0/24"] });
    const expired = await house.issue(owner, { expiresAt });
    await house.service.revoke(owner, revoked.apiKey.id);
    house.clock.advance(1_000);
    expect(await told(revoked.secret)).toMatchObject({
      code: "UNAUTHENTICATED",
      message: expect.stringContaining("revoked"),
    });
    expect(await told(expired.secret)).toMatchObject({
      code: "UNAUTHENTICATED",
      message: expect.stringContaining(expiresAt.toISOString()),
    });
    expect(await told(bound.secret)).toMatchObject({ code: "FORBIDDEN", message: expect.stringContaining("10.0.0.1") });

    const unknown = await told(makeApiKey().credential);
    for (const { apiKey, secret } of [revoked, bound, expired]) {
      // The rows' secrets are replaced, so that the presented ones are wrong.
      await house.asOwner("update api_keys set secret_hash = sha256('x') where id = $1", [apiKey.id]);
      await eventually(async () => (await told(secret)).message === unknown.message, {
        withinMs: 1_000,
        what: "the replaced secret to be refused like an unknown key",
      });
    }
  });

  test("a key bound to addresses works from them, in either notation", async () => {
    const { secret } = await house.issue(owner, { allowedCidrs: ["192.0.2.0/24", "2001:db8::/32"] });
    for (const address of ["192.0.2.9", "::ffff:192.0.2.9", "2001:db8::9"]) await house.authenticate(secret, address);
    for (const address of ["192.0.3.9", "::ffff:192.0.3.9", "2001:db9::9", ""]) {
      expect((await told(secret, address)).code).toBe("FORBIDDEN");
    }
  });

  test("a key expires at its moment, also while it is remembered", async () => {
    const expiresAt = new Date(house.clock.now().getTime() + 5_000);
    const { secret } = await house.issue(owner, { expiresAt });
    house.clock.advance(4_999);
    await house.authenticate(secret);
    house.clock.advance(1);
    expect((await told(secret)).message).toContain("expired");
  });

  test("use of a key that was refused is not noted", async () => {
    const { apiKey, secret } = await house.issue(owner, { allowedCidrs: ["192.0.2.0/24"] });
    await told(secret);
    await house.lastUses.flush();
    expect((await house.store.find(apiKey.tenantId, apiKey.id))?.lastUsedAt).toBeUndefined();
  });
});

test("without the database a key is refused as OVERLOADED, unless it is remembered and changes can be heard", async () => {
  const { secret } = await house.issue(owner);
  const database = await openDatabase(house.url);
  const notifications = new HeldNotifications();
  const { clock, lastUses } = house;
  const store = new CredentialStore(database);
  const authenticator = new ApiKeyAuthenticator({ store, notifications, lastUses, clock });
  const principal = await authenticator.authenticate(secret, "10.0.0.1");
  await database.close();

  expect(authenticator.authenticate(secret, "10.0.0.1")).toBe(principal);
  notifications.current = false;
  const error = await refusalOf(Promise.resolve(authenticator.authenticate(secret, "10.0.0.1")));
  expect(error.code).toBe("OVERLOADED");
  expect(error.isRetryable).toBe(true);
  expect(error.message).not.toMatch(/pool|postgres|connect/i);
});
