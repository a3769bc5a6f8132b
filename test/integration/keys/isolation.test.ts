import { afterAll, beforeAll, expect, test } from "vitest";
import { newId } from "../../../src/core/ids.ts";
import type { ApiKey } from "../../../src/domains/keys/api-key.ts";
import type { Requester } from "../../../src/domains/keys/keys.service.ts";
import { type KeyHouse, openKeyHouse } from "../../support/key-house.ts";
import { refusalOf } from "../../support/refusal.ts";

let house: KeyHouse;
let stranger: Requester;
let theirs: ApiKey;

beforeAll(async () => {
  house = await openKeyHouse();
  stranger = await house.createOwner();
  theirs = (await house.issue(await house.createOwner())).apiKey;
});

afterAll(async () => {
  await house.close();
});

const operations = {
  rotate: (id: string) => house.service.rotate(stranger, { id, overlapSeconds: 0 }),
  revoke: (id: string) => house.service.revoke(stranger, id),
};

const described = ({ code, message, retryAfterMs, limit }: Awaited<ReturnType<typeof refusalOf>>) =>
  JSON.stringify({ code, message, retryAfterMs, limit });

test.each(["rotate", "revoke"] as const)(
  "to %s another tenant's key answers exactly as for an id that never existed, or cannot",
  async (operation) => {
    const act = operations[operation];
    const answers = new Set<string>();
    const ids = [theirs.id, newId("apiKey"), "key_", "", "ten_1", `${theirs.id}x`, "key_\u0000", "' or true --"];
    for (const id of ids) answers.add(described(await refusalOf(act(id))));
    expect([...answers]).toHaveLength(1);
    expect([...answers][0]).toContain("NOT_FOUND");
    expect(await house.store.find(theirs.tenantId, theirs.id)).toEqual(theirs);
  },
);

test("another tenant's keys are not listed, found by id, or told of", async () => {
  const { tenantId } = stranger.principal;
  expect((await house.store.page(tenantId, { first: 100 })).nodes).toEqual([]);
  expect(await house.store.find(tenantId, theirs.id)).toBeUndefined();
  expect(await house.store.find(tenantId, "key_\u0000")).toBeUndefined();
  expect((await house.store.byId(tenantId, [theirs.id])).size).toBe(0);
});

test("the database's own wall holds where code forgets the tenant", async () => {
  const { tenantId } = stranger.principal;
  const seen = await house.database.forTenant(tenantId, (prisma) => prisma.apiKey.findMany({}));
  expect(seen).toEqual([]);
  const changed = await house.database.forTenant(tenantId, (prisma) =>
    prisma.$transaction((transaction) => transaction.apiKey.updateMany({ data: { revokedAt: new Date() } })),
  );
  expect(changed.count).toBe(0);
  const moved = house.database.forTenant(theirs.tenantId, (prisma) =>
    prisma.apiKey.updateMany({ where: { id: theirs.id }, data: { tenantId } }),
  );
  await expect(moved).rejects.toThrow();
});
