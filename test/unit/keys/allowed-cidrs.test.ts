import { expect, test } from "vitest";
import { checkCidrs, cidrMatcher } from "../../../src/domains/keys/allowed-cidrs.ts";
import { refusalOf } from "../../support/refusal.ts";

test.each([
  "10.0.0.1",
  "10.0.0.0/33",
  "10.0.0.0/08",
  "10.0.0.0/-1",
  "10.0.0.0/8.0",
  "10.0.0/8",
  "010.0.0.0/8",
  "256.0.0.0/8",
  "10.0.0.0/8 ",
  " 10.0.0.0/8",
  "10.0.0.0/8\n",
  "10.0.0.0//8",
  "10.0.0.0/",
  "/8",
  "",
  "2001:db8::/129",
  "2001:db8:::/32",
  "2001:db8::1::/64",
  "fe80::%eth0/64",
  "::ffff:300.0.0.0/104",
  "localhost/32",
  "0/0",
])("%j is not a range, and the refusal names it and its place", async (text) => {
  const error = await refusalOf(Promise.resolve().then(() => checkCidrs(["10.0.0.0/8", text])));
  expect(error.code).toBe("INVALID_INPUT");
  expect(error.message).toContain("allowedCidrs[1] is");
  expect(error.message).toContain(JSON.stringify(text));
});

test.each(["10.0.0.1/8", "0.0.0.1/0", "2001:db8::1/32", "::ffff:10.0.0.1/104"])(
  "%s has bits beyond its prefix and is refused, for nobody knows which was meant",
  (text) => {
    expect(() => checkCidrs([text])).toThrow("bits set beyond");
  },
);

test.each([
  ["10.0.0.0/8", "10.0.0.0/8"],
  ["0.0.0.0/0", "0.0.0.0/0"],
  ["203.0.113.7/32", "203.0.113.7/32"],
  ["2001:DB8::/32", "2001:db8::/32"],
  ["::/0", "::/0"],
  ["::1/128", "::1/128"],
  ["64:ff9b::192.0.2.0/120", "64:ff9b::192.0.2.0/120"],
  ["::ffff:10.0.0.0/104", "10.0.0.0/8"],
  ["::ffff:a00:0/104", "10.0.0.0/8"],
  ["0:0:0:0:0:ffff:10.0.0.0/128", "10.0.0.0/32"],
])("%s is stored as %s", (text, stored) => {
  expect(checkCidrs([text])).toEqual([stored]);
});

test("a range that is named twice is stored once, and more than 100 are refused", () => {
  expect(checkCidrs(["10.0.0.0/8", "::ffff:10.0.0.0/104"])).toEqual(["10.0.0.0/8"]);
  expect(checkCidrs(Array.from({ length: 100 }, (_, i) => `10.0.${i}.0/24`))).toHaveLength(100);
  expect(() => checkCidrs(Array.from({ length: 101 }, () => "10.0.0.0/8"))).toThrow("the limit is 100");
});

test.each([
  ["10.1.2.3", true],
  ["::ffff:10.1.2.3", true],
  ["::ffff:a01:203", true],
  ["11.1.2.3", false],
  ["::ffff:11.1.2.3", false],
  ["2001:db8::5", true],
  ["2001:db9::5", false],
  ["fe80::1%eth0", true],
  ["fe81::1%eth0", false],
  // The IPv4-compatible form is another address, deprecated, and not the IPv4 one.
  ["::10.1.2.3", false],
  ["", false],
  ["unknown", false],
  ["10.1.2", false],
])("from %j a key for 10.0.0.0/8, 2001:db8::/32 and fe80::/16 works: %s", (address, works) => {
  expect(cidrMatcher(["10.0.0.0/8", "2001:db8::/32", "fe80::/16"])(address)).toBe(works);
});

test("an IPv6 range never lets an IPv4 address in, however wide it is", () => {
  const isAllowed = cidrMatcher(["::/0"]);
  expect(isAllowed("2001:db8::1")).toBe(true);
  expect(isAllowed("10.0.0.1")).toBe(false);
  expect(isAllowed("::ffff:10.0.0.1")).toBe(false);
});

test("a range that somebody wrote into the row by hand and cannot be one lets nobody in", () => {
  expect(cidrMatcher(["10.0.0.0"])("10.0.0.0")).toBe(false);
});
