import { expect, test } from "vitest";
import type { ApiKeyPrincipal, MemberPrincipal } from "../../../src/core/principal.ts";
import { Authenticator } from "../../../src/edge/auth/authenticate.ts";
import { refusalOf } from "../../support/refusal.ts";

const machine: ApiKeyPrincipal = { kind: "API_KEY", apiKeyId: "key_1", tenantId: "ten_1", permissions: new Set() };
const person: MemberPrincipal = {
  kind: "MEMBER",
  userId: "usr_1",
  signInId: "sgn_1",
  tenantId: "ten_1",
  permissions: new Set(),
};

const seen: string[] = [];
const authenticator = new Authenticator({
  apiKeys: {
    authenticate: (credential, address) => {
      seen.push(`${credential} from ${address}`);
      return machine;
    },
  },
  accessTokens: {
    authenticate: (token) => {
      seen.push(token);
      return Promise.resolve(person);
    },
  },
});

test("no header is nobody, which is not an error", () => {
  expect(authenticator.authenticate(undefined, "10.0.0.1")).toBeUndefined();
});

test("an API key goes to the keys with the address, and its principal is there at once", () => {
  expect(authenticator.authenticate("Bearer tg_live_abc", "10.0.0.1")).toBe(machine);
  expect(seen.at(-1)).toBe("tg_live_abc from 10.0.0.1");
});

test("what begins with tg_ is never tried as an access token", () => {
  expect(authenticator.authenticate("Bearer tg_", "10.0.0.1")).toBe(machine);
  expect(seen.at(-1)).toBe("tg_ from 10.0.0.1");
});

test.each(["Bearer eyJ.a.b", "bearer eyJ.a.b", "BEARER   eyJ.a.b"])("%j is an access token", async (header) => {
  await expect(authenticator.authenticate(header, "10.0.0.1")).resolves.toBe(person);
  expect(seen.at(-1)).toBe("eyJ.a.b");
});

test.each([
  "",
  " ",
  "Bearer",
  "Bearer ",
  "Basic dTpw",
  "tg_live_abc",
  "Bearer a b",
  "Bearer a\u0000",
  "xBearer a",
  "Bearer ä",
])("the header %j is refused and tells what to send", async (header) => {
  const error = await refusalOf(Promise.resolve().then(() => authenticator.authenticate(header, "10.0.0.1")));
  expect(error.code).toBe("UNAUTHENTICATED");
  expect(error.message).toContain("Authorization: Bearer <API key or access token>");
});
