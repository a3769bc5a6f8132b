import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import jwt from "jsonwebtoken";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { AccessTokens } from "../../../src/domains/users/access-token.ts";
import { type SigningKey, SigningKeys } from "../../../src/domains/users/signing-keys.ts";
import { createLogger } from "../../../src/platform/logger.ts";
import { HeldClock } from "../../support/held-clock.ts";
import { refusalOf } from "../../support/refusal.ts";

let folder: string;
let clock: HeldClock;
let key: SigningKey;
let tokens: AccessTokens;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "tollgate-keys-"));
});

beforeEach(async () => {
  clock = new HeldClock();
  const keys = await SigningKeys.open({ folder, clock, logger: createLogger("silent") });
  key = await keys.newest();
  tokens = new AccessTokens(keys, clock);
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

const claims = { userId: "usr_1", signInId: "sgn_1" };
const later = () => new Date(clock.now().getTime() + 24 * 60 * 60_000);
const issue = async () => (await tokens.issue(claims, later())).text;
const nowSeconds = () => clock.now().getTime() / 1000;

/** What a good token says, to be signed with something changed. */
function payload(changed: object = {}): object {
  const now = nowSeconds();
  const all = { sub: "usr_1", sid: "sgn_1", iss: "tollgate", aud: "tollgate/graphql", iat: now, exp: now + 900 };
  return Object.fromEntries(Object.entries({ ...all, ...changed }).filter(([, value]) => value !== undefined));
}

function signed(changed: object = {}, options: jwt.SignOptions = {}): string {
  return jwt.sign(payload(changed), key.privateKey, { algorithm: "ES256", keyid: key.kid, ...options });
}

describe("an access token", () => {
  test("carries user and sign-in, its key's id, and nothing of what they may do", async () => {
    const text = await issue();
    expect(await tokens.verify(text)).toEqual(claims);
    expect(jwt.decode(text, { complete: true })).toMatchObject({
      header: { alg: "ES256", kid: key.kid, typ: "JWT" },
      payload: payload(),
    });
  });

  test("lives 15 minutes, with 5 seconds for clocks that differ", async () => {
    const text = await issue();
    clock.advance(15 * 60_000 + 4_000);
    expect(await tokens.verify(text)).toEqual(claims);
    clock.advance(2_000);
    expect((await refusalOf(tokens.verify(text))).code).toBe("UNAUTHENTICATED");
  });

  test("does not outlive its sign-in", async () => {
    const endsAt = new Date(clock.now().getTime() + 60_000);
    const issued = await tokens.issue(claims, endsAt);
    expect(issued.expiresAt).toEqual(endsAt);
    clock.advance(66_000);
    expect((await refusalOf(tokens.verify(issued.text))).code).toBe("UNAUTHENTICATED");
  });

  test("is accepted as these tests sign it, so that what they change is what is refused", async () => {
    expect(await tokens.verify(signed())).toEqual(claims);
  });
});

describe("refusing an access token", () => {
  const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const publicPem = () => key.publicKey.export({ type: "spki", format: "pem" });
  const forged = (header: object, signature = "") => `${part(header)}.${part(payload())}.${signature}`;

  const bad: [string, () => string][] = [
    ["nothing", () => ""],
    ["no JWT", () => "tgr_x_y"],
    ["three dots", () => "..."],
    ["a megabyte", () => "x".repeat(1_000_000)],
    ["alg none", () => forged({ alg: "none", kid: key.kid })],
    ["alg none, by jsonwebtoken", () => jwt.sign(payload(), "", { algorithm: "none", keyid: key.kid })],
    [
      "HS256 with our public key as its secret",
      () => {
        const [header, body] = [part({ alg: "HS256", typ: "JWT", kid: key.kid }), part(payload())];
        const mac = jwt.sign(payload(), Buffer.from(publicPem()), { algorithm: "HS256", keyid: key.kid }).split(".")[2];
        return `${header}.${body}.${mac}`;
      },
    ],
    ["ES384", () => jwt.sign(payload(), p384(), { algorithm: "ES384", keyid: key.kid })],
    ["no kid", () => jwt.sign(payload(), key.privateKey, { algorithm: "ES256" })],
    ["a kid that is no text", () => forged({ alg: "ES256", kid: { $ne: "" } }, "AAAA")],
    [
      "a kid of another key",
      () => jwt.sign(payload(), stranger, { algorithm: "ES256", keyid: "20200101000000000-aaaaaaaa" }),
    ],
    ["a kid that is a path", () => jwt.sign(payload(), stranger, { algorithm: "ES256", keyid: "../../etc/passwd" })],
    ["a kid that every object has", () => jwt.sign(payload(), stranger, { algorithm: "ES256", keyid: "__proto__" })],
    [
      "a stranger's signature under our kid",
      () => jwt.sign(payload(), stranger, { algorithm: "ES256", keyid: key.kid }),
    ],
    ["no signature", () => signed().replace(/[^.]*$/, "")],
    ["a changed body", () => signed().replace(/\.[^.]*\./, `.${part(payload({ sub: "usr_2" }))}.`)],
    ["another audience", () => signed({ aud: "tollgate/other" })],
    ["no audience", () => signed({ aud: undefined })],
    ["another issuer", () => signed({ iss: "tollgate2" })],
    ["no issuer", () => signed({ iss: undefined })],
    ["an end that has passed", () => signed({ exp: nowSeconds() - 6 })],
    ["no end", () => signed({ exp: undefined })],
    ["a longer life than we give", () => signed({ iat: nowSeconds() - 3_600, exp: nowSeconds() + 3_600 })],
    ["a beginning that is to come", () => signed({ nbf: nowSeconds() + 60 })],
    ["no user", () => signed({ sub: undefined })],
    ["no sign-in", () => signed({ sid: undefined })],
    ["a sign-in that is no text", () => signed({ sid: 7 })],
  ];
  test.each(bad)("%s: UNAUTHENTICATED, in the same words as all others", async (_, make) => {
    const { code, message } = await refusalOf(tokens.verify(make()));
    expect({ code, message }).toEqual({
      code: "UNAUTHENTICATED",
      message: "The access token is not valid, or no longer. Get a new one with refreshAccessToken, or sign in again.",
    });
  });

  const p384 = () => generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey;
});
