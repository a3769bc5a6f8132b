import { describe, expect, test } from "vitest";
import { parseEmail } from "../../../src/domains/users/email.ts";

describe("an email", () => {
  const good: [string, string][] = [
    ["ann@example.com", "ann@example.com"],
    ["  Ann.B+tag@Sub.Example.COM\n", "ann.b+tag@sub.example.com"],
    ["o'neil_x@xn--exmple-cua.com", "o'neil_x@xn--exmple-cua.com"],
  ];
  test.each(good)("%j is %j", (text, email) => {
    expect(parseEmail(text)).toBe(email);
  });

  const bad = [
    "",
    "ann",
    "@example.com",
    "ann@",
    "ann@example",
    "a b@example.com",
    "a@b@example.com",
    "ann@exa mple.com",
  ];
  const tricky = [
    "ann@example.com\nbcc@example.com",
    "ann@.com",
    "ann@example..com",
    "аnn@example.com",
    `${"a".repeat(243)}@example.com`,
  ];
  test.each([...bad, ...tricky])("%j is none: INVALID_INPUT", (text) => {
    expect(() => parseEmail(text)).toThrow(expect.objectContaining({ code: "INVALID_INPUT" }));
  });

  test("of any length is judged at once", () => {
    const startedAt = performance.now();
    expect(() => parseEmail(`a@${"a.".repeat(500_000)}`)).toThrow();
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });
});
