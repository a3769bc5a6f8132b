import fc from "fast-check";
import { expect, test } from "vitest";
import { checkCidrs, cidrMatcher } from "../../../src/domains/keys/allowed-cidrs.ts";

// A reference that knows addresses as numbers only.
const v4 = (bits: bigint) => [24n, 16n, 8n, 0n].map((shift) => (bits >> shift) & 255n).join(".");
const v6 = (bits: bigint) =>
  Array.from({ length: 8 }, (_, i) => ((bits >> BigInt(112 - 16 * i)) & 0xffffn).toString(16)).join(":");
const firstOf = (bits: bigint, width: number, prefix: number) => {
  const rest = BigInt(width - prefix);
  return (bits >> rest) << rest;
};

const family = fc.constantFrom({ width: 32, text: v4 }, { width: 128, text: v6 });

/** A range, and an address that differs from its first in one bit chosen anywhere, and any bits after that. */
const cases = family.chain(({ width, text }) =>
  fc.record({
    width: fc.constant(width),
    text: fc.constant(text),
    bits: fc.bigInt(0n, (1n << BigInt(width)) - 1n),
    prefix: fc.nat(width),
    flipped: fc.nat(width - 1),
    noise: fc.bigInt(0n, (1n << BigInt(width)) - 1n),
  }),
);

test("an address is let in exactly when it shares the range's first bits", () => {
  fc.assert(
    fc.property(cases, ({ width, text, bits, prefix, flipped, noise }) => {
      const first = firstOf(bits, width, prefix);
      const shift = BigInt(width - 1 - flipped);
      const address = first ^ (1n << shift) ^ (noise & ((1n << shift) - 1n));
      // ::ffff:0:0/96 is IPv4 in other words and has a test of its own.
      fc.pre(width === 32 || (first >> 32n !== 0xffffn && address >> 32n !== 0xffffn));
      const [stored = ""] = checkCidrs([`${text(first)}/${prefix}`]);
      const isAllowed = cidrMatcher([stored]);
      expect(isAllowed(text(address))).toBe(firstOf(address, width, prefix) === first);
      expect(isAllowed(text(first))).toBe(true);
    }),
    { numRuns: 5_000 },
  );
});

test("an IPv4 range is the same range in IPv6 notation, for callers in either notation", () => {
  const bits = fc.bigInt(0n, (1n << 32n) - 1n);
  fc.assert(
    fc.property(bits, bits, fc.nat(32), (of, address, prefix) => {
      const first = firstOf(of, 32, prefix);
      const stored = checkCidrs([`::ffff:${v4(first)}/${prefix + 96}`]);
      expect(stored).toEqual([`${v4(first)}/${prefix}`]);
      const isAllowed = cidrMatcher(stored);
      const expected = firstOf(address, 32, prefix) === first;
      expect(isAllowed(v4(address))).toBe(expected);
      expect(isAllowed(`::ffff:${v4(address)}`)).toBe(expected);
    }),
    { numRuns: 2_000 },
  );
});
