import { describe, expect, test } from "vitest";
import { attemptSubjects, networkOf } from "../../../src/domains/users/attempt-limits.ts";

describe("what an address is counted as", () => {
  const cases: [string, string][] = [
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::FFFF:192.0.2.1", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:0DB8:0001:0002::9", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["2001:db8::", "2001:db8:0:0::/64"],
    ["2001:db8:0:0:1::", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["::", "0:0:0:0::/64"],
    ["1::2:3:4:5:6:7", "1:0:2:3::/64"],
    ["64:ff9b::192.0.2.1", "64:ff9b:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["unknown", "unknown"],
    ["", ""],
  ];
  test.each(cases)("%s: %s", (address, network) => {
    expect(networkOf(address)).toBe(network);
  });

  test("is bounded, whatever a proxy wrote", () => {
    expect(networkOf("x".repeat(10_000)).length).toBeLessThan(100);
  });
});

test("an account is counted without its email being kept", () => {
  const { account } = attemptSubjects("ann@example.com", "192.0.2.1");
  expect(account).not.toContain("ann");
  expect(account).toBe(attemptSubjects("ann@example.com", "192.0.2.2").account);
  expect(account).not.toBe(attemptSubjects("bob@example.com", "192.0.2.1").account);
});
