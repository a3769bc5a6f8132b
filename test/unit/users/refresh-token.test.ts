import { describe, expect, test } from "vitest";
import {
  judgeRefresh,
  newRefreshToken,
  parseRefreshToken,
  reuseGraceMs,
  type StoredRefreshToken,
} from "../../../src/domains/users/refresh-token.ts";

describe("a refresh token", () => {
  test("is read back as the id and the hash that are stored", () => {
    const { id, text, secretHash } = newRefreshToken();
    expect(parseRefreshToken(text)).toEqual({ id, secretHash });
    expect(id).toMatch(/^rft_/);
    expect(text).toMatch(/^tgr_[0-9a-z]{26}_[0-9a-z]{52}$/);
  });

  test("has a secret of its own", () => {
    const secrets = Array.from({ length: 1_000 }, () => newRefreshToken().text.split("_")[2]);
    expect(new Set(secrets).size).toBe(1_000);
  });

  test("that has a character more, less or of another kind never was one", () => {
    const { text } = newRefreshToken();
    for (const wrong of [
      `${text}0`,
      text.slice(0, -1),
      ` ${text}`,
      `${text}\n`,
      text.toUpperCase(),
      `tgx${text.slice(3)}`,
    ])
      expect(parseRefreshToken(wrong)).toBeUndefined();
  });
});

describe("what a refresh token is worth", () => {
  const now = new Date("2026-11-23T12:00:00Z");
  const ago = (ms: number) => new Date(now.getTime() - ms);
  const { id, secretHash } = newRefreshToken();
  const signIn = { id: "sgn_1", userId: "usr_1", tenantId: undefined, expiresAt: ago(-1), revokedAt: undefined };
  const stored: StoredRefreshToken = { id, secretHash, usedAt: undefined, signIn };
  const cases: [string, StoredRefreshToken | undefined][] = [
    ["GOOD", stored],
    ["UNKNOWN", undefined],
    ["UNKNOWN", { ...stored, secretHash: newRefreshToken().secretHash }],
    ["UNKNOWN", { ...stored, secretHash: newRefreshToken().secretHash, usedAt: ago(reuseGraceMs) }],
    ["OVER", { ...stored, signIn: { ...signIn, expiresAt: now } }],
    ["OVER", { ...stored, signIn: { ...signIn, revokedAt: ago(1) } }],
    ["OVER", { ...stored, usedAt: ago(1), signIn: { ...signIn, revokedAt: ago(1) } }],
    ["JUST_USED", { ...stored, usedAt: now }],
    ["JUST_USED", { ...stored, usedAt: ago(reuseGraceMs - 1) }],
    ["STOLEN", { ...stored, usedAt: ago(reuseGraceMs) }],
  ];
  test.each(cases)("%s: case %#", (verdict, token) => {
    expect(judgeRefresh({ secretHash }, token, now)).toBe(verdict);
  });
});
