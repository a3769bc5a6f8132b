import { expect, test } from "vitest";
import type { ApiKey } from "../../../src/domains/keys/api-key.ts";
import { planRotation } from "../../../src/domains/keys/rotation.ts";
import { refusalOf } from "../../support/refusal.ts";

const now = new Date("2026-11-23T12:00:00Z");
const dayMs = 86_400_000;
const inDays = (days: number) => new Date(now.getTime() + days * dayMs);

function key(differences: Partial<ApiKey> = {}): ApiKey {
  return {
    id: "key_1",
    tenantId: "ten_1",
    name: "ci",
    prefix: "tg_live_1",
    permissions: ["models:read"],
    allowedCidrs: [],
    createdAt: inDays(-60),
    createdBy: "usr_1",
    expiresAt: undefined,
    lastUsedAt: undefined,
    revokedAt: undefined,
    rotatedTo: undefined,
    ...differences,
  };
}

test("a key that never ends gets a successor that never ends, and ends itself after the overlap", () => {
  expect(planRotation(key(), 3_600, now)).toEqual({
    oldExpiresAt: new Date(now.getTime() + 3_600_000),
    newExpiresAt: undefined,
  });
});

test("the overlap never outlasts the old key's own end, and the successor lives as long as the old one was given", () => {
  expect(planRotation(key({ expiresAt: inDays(2) }), 7 * 86_400, now)).toEqual({
    oldExpiresAt: inDays(2),
    newExpiresAt: inDays(62),
  });
  expect(planRotation(key({ expiresAt: inDays(2) }), 86_400, now).oldExpiresAt).toEqual(inDays(1));
});

test("an overlap of nought ends the old key at once", () => {
  expect(planRotation(key(), 0, now).oldExpiresAt).toEqual(now);
});

test.each([-1, 604_801, 0.5, Number.NaN, Number.POSITIVE_INFINITY])(
  "an overlap of %s seconds is refused",
  async (s) => {
    const error = await refusalOf(Promise.resolve().then(() => planRotation(key(), s, now)));
    expect(error.code).toBe("INVALID_INPUT");
  },
);

test.each([
  ["was revoked", { revokedAt: inDays(-1) }],
  ["expired", { expiresAt: now }],
  ["was rotated to key_2 already", { rotatedTo: "key_2" }],
] satisfies [string, Partial<ApiKey>][])("a key that %s is not rotated", async (what, differences) => {
  const error = await refusalOf(Promise.resolve().then(() => planRotation(key(differences), 0, now)));
  expect(error.code).toBe("CONFLICT");
  expect(error.message).toContain(what);
});
