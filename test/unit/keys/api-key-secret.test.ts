import { expect, test } from "vitest";
import { isId } from "../../../src/core/ids.ts";
import { makeApiKey, parseApiKey } from "../../../src/domains/keys/api-key-secret.ts";
import { refusalOf } from "../../support/refusal.ts";

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

const refused = (credential: string) => refusalOf(Promise.resolve().then(() => parseApiKey(credential)));

test("a key is tg_live_, the body of its id, _, 160 bits of secret and a checksum", () => {
  const { id, credential, prefix } = makeApiKey();
  expect(credential).toMatch(/^tg_live_[0-9a-z]{26}_[0-9a-z]{32}[0-9a-z]{6}$/);
  expect(isId("apiKey", id)).toBe(true);
  expect(credential).toContain(id.slice("key_".length));
  expect(credential.startsWith(prefix)).toBe(true);
});

test("what is kept of a key holds no part of its secret", () => {
  const { credential, prefix, secretHash } = makeApiKey();
  const secret = credential.slice(35, 67);
  expect(secretHash).toHaveLength(32);
  expect(prefix).not.toContain(secret.slice(0, 4));
  expect(Buffer.from(secretHash).toString("latin1")).not.toContain(secret.slice(0, 8));
});

test("no two keys are alike", () => {
  const made = Array.from({ length: 1_000 }, makeApiKey);
  expect(new Set(made.map(({ credential }) => credential.slice(35))).size).toBe(1_000);
});

test("a key is found again by its id and its secret's hash", () => {
  const made = makeApiKey();
  expect(parseApiKey(made.credential)).toEqual({ id: made.id, secretHash: made.secretHash });
});

test("every wrong character in every place is told as a typo, before any look-up", () => {
  const { credential } = makeApiKey();
  let caught = 0;
  for (let place = "tg_live_".length; place < credential.length; place++) {
    if (credential[place] === "_") continue;
    for (const character of alphabet.replace(credential[place] ?? "", "")) {
      const typo = credential.slice(0, place) + character + credential.slice(place + 1);
      expect(() => parseApiKey(typo), typo).toThrow("has a typo: its checksum does not match");
      caught++;
    }
  }
  expect(caught).toBe((26 + 32 + 6) * 31);
});

test("any two neighbours that changed places are told as a typo", () => {
  const { credential } = makeApiKey();
  for (let place = "tg_live_".length; place + 1 < credential.length; place++) {
    const [one, two] = [credential[place], credential[place + 1]];
    if (one === two) continue;
    const typo = `${credential.slice(0, place)}${two}${one}${credential.slice(place + 2)}`;
    expect(() => parseApiKey(typo), typo).toThrow("The API key");
  }
});

test.each([
  ["cut off", (credential: string) => credential.slice(0, -1)],
  ["one character too long", (credential: string) => `${credential}0`],
  ["with a character that is not of the alphabet", (credential: string) => credential.replace(/.$/, "u")],
  ["in capitals", (credential: string) => `tg_live_${credential.slice(8).toUpperCase()}`],
  ["of another kind", (credential: string) => credential.replace("tg_live_", "tg_test_")],
  ["nothing but the mark", () => "tg_"],
  ["with a line end", (credential: string) => `${credential}\n`],
])("a key that is %s is told to be not whole", async (_, spoil) => {
  const error = await refused(spoil(makeApiKey().credential));
  expect(error.code).toBe("UNAUTHENTICATED");
  expect(error.message).toContain("is not whole");
});

test("no refusal repeats what was presented", async () => {
  const { credential } = makeApiKey();
  const secret = credential.slice(35, 67);
  for (const spoiled of [
    credential.slice(0, -1),
    `${credential.slice(0, -1)}${credential.endsWith("0") ? "1" : "0"}`,
  ]) {
    const error = await refused(spoiled);
    expect(`${error.message} ${error.stack}`).not.toContain(secret);
  }
});
