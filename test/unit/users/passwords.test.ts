import { describe, expect, test } from "vitest";
import { checkNewPassword, generatePassword, Passwords } from "../../../src/domains/users/passwords.ts";
import { outcomesOf, refusalOf } from "../../support/refusal.ts";

const cheap = { cost: { memoryKib: 8, passes: 1 } };

describe("a password", () => {
  test("is hashed with argon2id at the cost that OWASP asks for, and a salt of its own", async () => {
    const passwords = new Passwords();
    const hashes = await Promise.all([passwords.hash("the same password"), passwords.hash("the same password")]);
    for (const hash of hashes) expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(new Set(hashes).size).toBe(2);
  });

  test("is told from every other", async () => {
    const passwords = new Passwords(cheap);
    const hash = await passwords.hash("correct horse");
    expect(await passwords.verify("correct horse", hash)).toBe(true);
    for (const other of ["", "correct hors", "correct horse ", "Correct horse"])
      expect(await passwords.verify(other, hash)).toBe(false);
  });

  test("is the same however its letters were composed", async () => {
    const passwords = new Passwords(cheap);
    expect(await passwords.verify("cafe\u0301 au lait", await passwords.hash("caf\u00e9 au lait"))).toBe(true);
  });

  test("is never right where there is no hash", async () => {
    expect(await new Passwords(cheap).verify("", undefined)).toBe(false);
  });

  test("that we make has 120 bits, is new each time and may be chosen", () => {
    const made = Array.from({ length: 100 }, generatePassword);
    expect(new Set(made).size).toBe(100);
    for (const password of made) {
      expect(password).toMatch(/^([0-9a-hjkmnp-tv-z]{6}-){3}[0-9a-hjkmnp-tv-z]{6}$/);
      checkNewPassword(password);
    }
  });
});

test("costs as much to check where there is no such user", async () => {
  const passwords = new Passwords();
  const hash = await passwords.hash("correct horse");
  const medianMs = async (candidate: string | undefined) => {
    const times: number[] = [];
    for (let i = 0; i < 9; i++) {
      const startedAt = performance.now();
      await passwords.verify("wrong", candidate);
      times.push(performance.now() - startedAt);
    }
    return times.sort((a, b) => a - b)[4] ?? 0;
  };
  const [known, unknown] = [await medianMs(hash), await medianMs(undefined)];
  // Far apart if one of them did not hash at all; the bound is wide because other work shares the machine.
  expect(unknown / known).toBeGreaterThan(0.2);
  expect(unknown / known).toBeLessThan(5);
});

describe("passwords at once", () => {
  test("beyond those that run and wait: OVERLOADED at once, and all others are checked", async () => {
    const passwords = new Passwords({ ...cheap, bounds: { atOnce: 2, maxWaiting: 3 } });
    const works = Array.from({ length: 20 }, () => passwords.verify("wrong", undefined));
    expect(await outcomesOf(works)).toEqual({ DONE: 5, OVERLOADED: 15 });
    expect(await outcomesOf(Array.from({ length: 5 }, () => passwords.verify("wrong", undefined)))).toEqual({
      DONE: 5,
    });
  });

  test("the one turned away is told when to come back", async () => {
    const passwords = new Passwords({ ...cheap, bounds: { atOnce: 1, maxWaiting: 0 } });
    const running = passwords.hash("some password");
    const refusal = await refusalOf(passwords.hash("some password"));
    expect(refusal.retryAfterMs).toBeGreaterThan(0);
    expect(Number.isInteger(refusal.retryAfterMs)).toBe(true);
    await running;
  });

  test("one that fails gives its place free", async () => {
    const passwords = new Passwords({ ...cheap, bounds: { atOnce: 1, maxWaiting: 0 } });
    await expect(passwords.verify("wrong", "no hash")).rejects.toThrow();
    await passwords.hash("some password");
  });
});
