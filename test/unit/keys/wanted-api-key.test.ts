import { expect, test } from "vitest";
import { apiKeyPermissions, type Permission, permissionNames } from "../../../src/core/permission.ts";
import { checkHolds, grantApiKey, type WantedApiKey } from "../../../src/domains/keys/wanted-api-key.ts";
import { refusalOf } from "../../support/refusal.ts";

const now = new Date("2026-11-23T12:00:00Z");
const everything = new Set(permissionNames);

function grant(wanted: Partial<WantedApiKey>, holder: ReadonlySet<Permission> = everything) {
  const whole = { name: "ci", permissions: ["models:read"], expiresAt: undefined, allowedCidrs: [], ...wanted };
  return grantApiKey(whole, holder, now);
}

const refusedFor = (wanted: Partial<WantedApiKey>, holder?: ReadonlySet<Permission>) =>
  refusalOf(Promise.resolve().then(() => grant(wanted, holder)));

test("what is in order is granted, with the name trimmed and repetitions left out", () => {
  const expiresAt = new Date(now.getTime() + 1);
  expect(grant({ name: "  build farm ", permissions: ["models:read", "models:read"], expiresAt })).toEqual({
    name: "build farm",
    permissions: ["models:read"],
    expiresAt,
    allowedCidrs: [],
  });
});

test.each(["everything", "models:*", "", "keys:write", "tenants:create", "toString", "__proto__"])(
  "an API key cannot have %j, and the refusal names what it can have",
  async (permission) => {
    const error = await refusedFor({ permissions: ["models:read", permission] });
    expect(error.code).toBe("INVALID_INPUT");
    expect(error.message).toContain(`permissions[1] is ${JSON.stringify(permission)}`);
    for (const known of apiKeyPermissions) expect(error.message).toContain(known);
  },
);

test("a key without permissions is refused", async () => {
  expect((await refusedFor({ permissions: [] })).code).toBe("INVALID_INPUT");
});

test("nobody grants what they do not hold: FORBIDDEN names exactly what is lacking", async () => {
  const error = await refusedFor(
    { permissions: ["models:read", "usage:read", "inferences:create"] },
    new Set<Permission>(["keys:write", "models:read"]),
  );
  expect(error.code).toBe("FORBIDDEN");
  expect(error.message).toContain("usage:read, inferences:create");
  expect(error.message).not.toContain("models:read");
  expect(() => checkHolds(new Set<Permission>(["models:read"]), ["models:read"])).not.toThrow();
});

test.each([
  ["this moment", now],
  ["the past", new Date(0)],
])("an expiry at %s is refused", async (_, expiresAt) => {
  expect((await refusedFor({ expiresAt })).message).toContain(expiresAt.toISOString());
});

test.each(["", "   ", "x".repeat(101), "a\u0000b", "a\nb", "\ud800"])("the name %j is refused", async (name) => {
  expect((await refusedFor({ name })).code).toBe("INVALID_INPUT");
});
