import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AccessTokens } from "../../../src/domains/users/access-token.ts";
import { rotateSigningKeys, SigningKeys } from "../../../src/domains/users/signing-keys.ts";
import { createLogger } from "../../../src/platform/logger.ts";
import { StartError } from "../../../src/platform/start-error.ts";
import { HeldClock } from "../../support/held-clock.ts";
import { refusalOf } from "../../support/refusal.ts";

let parent: string;
let folder: string;
let clock: HeldClock;
let logged: string[];

beforeEach(async () => {
  parent = await mkdtemp(path.join(tmpdir(), "tollgate-keys-"));
  folder = path.join(parent, "signing-keys");
  clock = new HeldClock();
  logged = [];
});

afterEach(async () => {
  await rm(parent, { recursive: true });
});

function open(): Promise<SigningKeys> {
  const logger = createLogger("info", { write: (line) => logged.push(line) });
  return SigningKeys.open({ folder, clock, logger });
}

const kidsIn = async () => (await readdir(folder)).map((name) => name.replace(/\.pem$/, "")).sort();
const modeOf = async (file: string) => (await stat(file)).mode & 0o777;

describe("the folder of signing keys", () => {
  test("is made on the first start with one key, for nobody else to read", async () => {
    const { kid } = await (await open()).newest();
    expect(await kidsIn()).toEqual([kid]);
    expect(await modeOf(folder)).toBe(0o700);
    expect(await modeOf(path.join(folder, `${kid}.pem`))).toBe(0o600);
  });

  test("is used as it is on the next start", async () => {
    const { kid } = await (await open()).newest();
    expect((await (await open()).newest()).kid).toBe(kid);
    expect(await kidsIn()).toEqual([kid]);
  });

  test("ends in keys that verify each other's tokens when several gateways make it at once", async () => {
    const gateways = await Promise.all([open(), open(), open()]);
    clock.advance(2_000);
    for (const gateway of gateways) {
      const { kid } = await gateway.newest();
      for (const other of gateways) expect((await other.find(kid))?.kid).toBe(kid);
    }
  });

  test("stops the start, naming the file, when one of them is no key", async () => {
    await open();
    const file = path.join(folder, "20991231235959999-aaaaaaaa.pem");
    await writeFile(file, "not a key");
    const thrown = await open().catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(StartError);
    expect(String(thrown)).toContain(file);
  });

  test("may hold other files", async () => {
    await open();
    await writeFile(path.join(folder, "README.txt"), "not a key");
    await open();
  });

  test("stops the start when it cannot be made", async () => {
    await writeFile(folder, "a file");
    expect(await open().catch((error: unknown) => error)).toBeInstanceOf(StartError);
  });
});

describe("rotating signing keys under a running gateway", () => {
  const claims = { userId: "usr_1", signInId: "sgn_1" };
  const later = () => new Date(clock.now().getTime() + 24 * 60 * 60_000);

  test("signs with the new key within seconds, and still accepts the tokens of the old one", async () => {
    const tokens = new AccessTokens(await open(), clock);
    const before = await tokens.issue(claims, later());
    clock.advance(10_000);
    const { added } = await rotateSigningKeys(folder, clock.now());
    const after = await tokens.issue(claims, later());
    expect(JSON.parse(Buffer.from(after.text.split(".")[0] ?? "", "base64url").toString()).kid).toBe(added);
    expect(await tokens.verify(before.text)).toEqual(claims);
    expect(await tokens.verify(after.text)).toEqual(claims);
  });

  test("a replica that has not looked yet finds the key of a token at once, but looks once in two seconds at most", async () => {
    const keys = await open();
    clock.advance(2_000);
    const first = await rotateSigningKeys(folder, clock.now());
    expect((await keys.find(first.added))?.kid).toBe(first.added);
    clock.advance(1_999);
    const second = await rotateSigningKeys(folder, clock.now());
    expect(await keys.find(second.added)).toBeUndefined();
    clock.advance(1);
    expect((await keys.find(second.added))?.kid).toBe(second.added);
  });

  test("a deleted key is trusted for 10 seconds at the most", async () => {
    const keys = await open();
    const leaked = (await keys.newest()).kid;
    await rotateSigningKeys(folder, clock.now());
    await rm(path.join(folder, `${leaked}.pem`));
    clock.advance(10_000);
    expect(await keys.find(leaked)).toBeUndefined();
  });

  test("deletes keys that were superseded more than an hour ago, and no other", async () => {
    const first = (await (await open()).newest()).kid;
    clock.advance(1_000);
    const second = await rotateSigningKeys(folder, clock.now());
    expect(second.deleted).toEqual([]);
    clock.advance(60 * 60_000);
    expect((await rotateSigningKeys(folder, clock.now())).deleted).toEqual([]);
    clock.advance(1);
    const fourth = await rotateSigningKeys(folder, clock.now());
    expect(fourth.deleted).toEqual([first]);
    expect(await kidsIn()).toContain(second.added);
    expect(await kidsIn()).toHaveLength(3);
  });

  test("a folder that breaks while the gateway runs leaves the keys as they were, and is logged without a secret", async () => {
    const keys = await open();
    const { kid } = await keys.newest();
    await writeFile(path.join(folder, "20991231235959999-aaaaaaaa.pem"), "half a key");
    clock.advance(10_000);
    expect((await keys.newest()).kid).toBe(kid);
    await rm(folder, { recursive: true });
    clock.advance(10_000);
    expect((await keys.find(kid))?.kid).toBe(kid);
    expect(logged).toHaveLength(2);
    expect(logged.join()).not.toContain("PRIVATE KEY");
  });

  test("a clock that was set back does not keep the folder from being read", async () => {
    const keys = await open();
    clock.advance(-60 * 60_000);
    const { added } = await rotateSigningKeys(folder, new Date(clock.now().getTime() + 2 * 60 * 60_000));
    expect((await keys.newest()).kid).toBe(added);
  });

  test("refuses a folder that is not there, rather than rotate keys that no gateway reads", async () => {
    expect(await rotateSigningKeys(folder, clock.now()).catch((error: unknown) => error)).toBeInstanceOf(StartError);
  });
});

test("a token of an unknown key is refused, not an error", async () => {
  const tokens = new AccessTokens(await open(), clock);
  const other = path.join(parent, "other");
  const elsewhere = new AccessTokens(
    await SigningKeys.open({ folder: other, clock, logger: createLogger("silent") }),
    clock,
  );
  const token = await elsewhere.issue({ userId: "usr_1", signInId: "sgn_1" }, new Date(clock.now().getTime() + 60_000));
  expect((await refusalOf(tokens.verify(token.text))).code).toBe("UNAUTHENTICATED");
});
