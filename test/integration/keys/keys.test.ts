import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Permission } from "../../../src/core/permission.ts";
import { maxActiveApiKeys, type Requester } from "../../../src/domains/keys/keys.service.ts";
import { eventually } from "../../support/eventually.ts";
import { type KeyHouse, openKeyHouse } from "../../support/key-house.ts";
import { outcomesOf, refusalOf } from "../../support/refusal.ts";

let house: KeyHouse;
let owner: Requester;

beforeAll(async () => {
  house = await openKeyHouse();
  owner = await house.createOwner();
});

afterAll(async () => {
  await house.close();
});

const auditOf = (subjectId: string) =>
  house.asOwner("select actor_id, action, details, request_id from audit_events where subject_id = $1 order by id", [
    subjectId,
  ]);

const keyCount = async (tenantId: string): Promise<number> => {
  const [row] = await house.asOwner("select count(*)::int as keys from api_keys where tenant_id = $1", [tenantId]);
  return Number(row?.["keys"]);
};

describe("issuing", () => {
  test("gives the secret once and keeps its hash", async () => {
    const { apiKey, secret } = await house.issue(owner, { allowedCidrs: ["10.0.0.0/8"] });
    expect(await house.store.find(owner.principal.tenantId, apiKey.id)).toEqual(apiKey);
    const [row] = await house.asOwner("select api_keys::text as row from api_keys where id = $1", [apiKey.id]);
    expect(secret.startsWith(apiKey.prefix)).toBe(true);
    expect(row?.["row"]).not.toContain(secret.slice(35, 67));
  });

  test("leaves one audit event, which says what was granted and holds no secret", async () => {
    const expiresAt = new Date(house.clock.now().getTime() + 86_400_000);
    const { apiKey, secret } = await house.issue(owner, { name: "nightly", expiresAt });
    const events = await auditOf(apiKey.id);
    expect(events).toEqual([
      {
        actor_id: apiKey.createdBy,
        action: "api_key.issued",
        details: {
          name: "nightly",
          permissions: ["inferences:create"],
          allowedCidrs: [],
          expiresAt: expiresAt.toISOString(),
        },
        request_id: "req_test",
      },
    ]);
    expect(JSON.stringify(events)).not.toContain(secret.slice(35));
  });

  test("what is refused writes neither key nor audit event", async () => {
    const lesser = await house.createOwner();
    const { tenantId } = lesser.principal;
    const developer = {
      ...lesser,
      principal: { ...lesser.principal, permissions: new Set<Permission>(["keys:write"]) },
    };
    expect((await refusalOf(house.issue(developer))).code).toBe("FORBIDDEN");
    expect((await refusalOf(house.issue(lesser, { permissions: ["keys:write"] }))).code).toBe("INVALID_INPUT");
    expect(await keyCount(tenantId)).toBe(0);
    expect(await house.asOwner("select from audit_events where tenant_id = $1", [tenantId])).toEqual([]);
  });

  test("a write that breaks after the key takes the key back with it", async () => {
    const someone = await house.createOwner();
    // Text that Postgres cannot store, in the row that is written last.
    await expect(house.issue({ ...someone, requestId: "req_\u0000" })).rejects.toThrow();
    expect(await keyCount(someone.principal.tenantId)).toBe(0);
  });

  test("of many callers for the last place exactly one gets it, and keys that ended take none", async () => {
    const crowded = await house.createOwner();
    await fillTo(maxActiveApiKeys - 1, crowded);
    await openAllConnections();
    const outcomes = await outcomesOf(Array.from({ length: 20 }, () => house.issue(crowded)));
    expect(outcomes).toEqual({ DONE: 1, CONFLICT: 19 });
  });
});

/** With only one connection open, callers at once would be served one after the other, and race nobody. */
async function openAllConnections(): Promise<void> {
  const { tenantId } = owner.principal;
  await Promise.all(Array.from({ length: 16 }, () => house.store.page(tenantId, { first: 1 })));
}

/** Gives the tenant as many active keys, and some that were revoked or have expired. */
async function fillTo(active: number, { principal }: Requester): Promise<void> {
  await house.asOwner(
    `insert into api_keys (id, tenant_id, name, prefix, secret_hash, permissions, created_by, revoked_at, expires_at)
     select 'key_' || $1 || n, $1, 'filler', 'tg_live_', sha256(n::text::bytea), '{}', 'usr_test',
            case when n > $3 and n <= $3 + 100 then now() end,
            case when n > $3 + 100 then $2::timestamptz end
     from generate_series(1, $3 + 200) n`,
    [principal.tenantId, house.clock.now(), active],
  );
}

describe("listing", () => {
  test("gives the tenant's keys, newest first, page by page, without any hash", async () => {
    const lister = await house.createOwner();
    const ids: string[] = [];
    for (const name of ["one", "two", "three"]) ids.unshift((await house.issue(lister, { name })).apiKey.id);
    const { tenantId } = lister.principal;
    const first = await house.store.page(tenantId, { first: 2 });
    const second = await house.store.page(tenantId, { first: 2, after: first.nodes.at(-1)?.id });
    expect(
      [...first.nodes, ...second.nodes]
        .map((key) => key.id)
        .sort()
        .reverse(),
    ).toEqual([...ids].sort().reverse());
    expect([first.hasNextPage, second.hasNextPage]).toEqual([true, false]);
    expect(Object.keys(first.nodes[0] ?? {})).not.toContain("secretHash");
  });
});

describe("rotating", () => {
  test("makes a key of the same name, permissions and ranges; both work until the overlap ends", async () => {
    const old = await house.issue(owner, { name: "worker", allowedCidrs: ["10.0.0.0/8"] });
    const next = await house.service.rotate(owner, { id: old.apiKey.id, overlapSeconds: 3_600 });
    const { name, permissions, allowedCidrs } = old.apiKey;
    expect(next.apiKey).toMatchObject({ name, permissions, allowedCidrs, expiresAt: undefined });
    await house.authenticate(old.secret);
    await house.authenticate(next.secret);
    house.clock.advance(3_600_000);
    expect((await refusalOf(house.authenticate(old.secret))).message).toContain("expired");
    await house.authenticate(next.secret);
  });

  test("records the chain, on the key and in the audit log", async () => {
    const old = await house.issue(owner);
    const next = await house.service.rotate(owner, { id: old.apiKey.id, overlapSeconds: 60 });
    const found = await house.store.find(owner.principal.tenantId, old.apiKey.id);
    expect(found?.rotatedTo).toBe(next.apiKey.id);
    const expiresAt = new Date(house.clock.now().getTime() + 60_000).toISOString();
    const events = await auditOf(old.apiKey.id);
    expect(events.at(-1)).toMatchObject({
      action: "api_key.rotated",
      details: { rotatedTo: next.apiKey.id, expiresAt },
    });
    expect(JSON.stringify(events)).not.toContain(next.secret.slice(35));
  });

  test("an overlap of nought refuses the old key on the replica that did it, remembered or not", async () => {
    const old = await house.issue(owner);
    await house.authenticate(old.secret);
    await house.service.rotate(owner, { id: old.apiKey.id, overlapSeconds: 0 });
    await eventually(
      async () => (await house.authenticate(old.secret).catch((error) => error.code)) === "UNAUTHENTICATED",
      {
        withinMs: 1_000,
        what: "the rotated key to be refused",
      },
    );
  });

  test("of many at once exactly one rotates; the others are told, and leave no key", async () => {
    const crowd = await house.createOwner();
    const { apiKey } = await house.issue(crowd);
    await openAllConnections();
    const rotate = () => house.service.rotate(crowd, { id: apiKey.id, overlapSeconds: 0 });
    // The ones that wait see the key rotated, or already expired with it.
    expect(await outcomesOf([rotate(), rotate(), rotate(), rotate()])).toEqual({ DONE: 1, CONFLICT: 3 });
    expect(await keyCount(crowd.principal.tenantId)).toBe(2);
  });

  test("at the limit a key can be replaced by another, but not have one beside it", async () => {
    const crowded = await house.createOwner();
    const { apiKey } = await house.issue(crowded);
    await fillTo(maxActiveApiKeys - 1, crowded);
    const rotate = (overlapSeconds: number) => house.service.rotate(crowded, { id: apiKey.id, overlapSeconds });
    expect((await refusalOf(rotate(1))).code).toBe("CONFLICT");
    expect((await rotate(0)).apiKey.name).toBe(apiKey.name);
  });

  test("whoever does not hold what the key may do cannot get it by rotating", async () => {
    const { apiKey } = await house.issue(owner, { permissions: ["inferences:create", "usage:read"] });
    const permissions = new Set<Permission>(["keys:write", "usage:read"]);
    const lesser = { ...owner, principal: { ...owner.principal, permissions } };
    const error = await refusalOf(house.service.rotate(lesser, { id: apiKey.id, overlapSeconds: 0 }));
    expect(error.code).toBe("FORBIDDEN");
    expect(error.message).toContain("inferences:create");
  });
});

describe("revoking", () => {
  test("is done once: the second time changes nothing and leaves no second audit event", async () => {
    const { apiKey } = await house.issue(owner, { name: "lost laptop" });
    const first = await house.service.revoke(owner, apiKey.id);
    house.clock.advance(60_000);
    expect(await house.service.revoke(owner, apiKey.id)).toEqual(first);
    expect(first.revokedAt).toBeInstanceOf(Date);
    expect((await auditOf(apiKey.id)).map((event) => event["action"])).toEqual(["api_key.issued", "api_key.revoked"]);
  });

  test("many at once leave one audit event", async () => {
    const { apiKey } = await house.issue(owner);
    await Promise.all(Array.from({ length: 5 }, () => house.service.revoke(owner, apiKey.id)));
    expect(await auditOf(apiKey.id)).toHaveLength(2);
  });

  test("a revoked key is not rotated", async () => {
    const { apiKey } = await house.issue(owner);
    await house.service.revoke(owner, apiKey.id);
    const error = await refusalOf(house.service.rotate(owner, { id: apiKey.id, overlapSeconds: 0 }));
    expect(error.code).toBe("CONFLICT");
  });
});
