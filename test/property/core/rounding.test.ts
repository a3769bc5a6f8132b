import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatMicros, formatMinorUnits, isCurrency, minorUnitDigits } from "../../../src/core/currency.ts";
import { divideHalfEven, minorUnitMicros, roundToMinorUnit, shareOf } from "../../../src/core/rounding.ts";

const anyAmount = fc.bigInt({ min: -(10n ** 17n), max: 10n ** 17n });
const anyCurrency = fc.constantFrom("USD", "EUR", "JPY", "KWD", "CLF");

describe("a quotient rounded half to even", () => {
  test("is the nearest whole number, and the even one of two as near", () => {
    fc.assert(
      fc.property(anyAmount, fc.bigInt({ min: 1n, max: 10n ** 9n }), (dividend, divisor) => {
        const distance = (candidate: bigint) => {
          const off = 2n * (dividend - candidate * divisor);
          return off < 0n ? -off : off;
        };
        const quotient = divideHalfEven(dividend, divisor);
        expect(distance(quotient)).toBeLessThanOrEqual(divisor);
        if (distance(quotient) === divisor) expect(quotient % 2n).toBe(0n);
      }),
    );
  });

  test.each([
    [5n, 10n, 0n],
    [15n, 10n, 2n],
    [25n, 10n, 2n],
    [26n, 10n, 3n],
    [-5n, 10n, 0n],
    [-15n, 10n, -2n],
    [-25n, 10n, -2n],
    [-26n, 10n, -3n],
    [14n, 10n, 1n],
  ])("of %i by %i is %i", (dividend, divisor, quotient) => {
    expect(divideHalfEven(dividend, divisor)).toBe(quotient);
  });

  test("and taken back is nothing", () => {
    fc.assert(
      fc.property(anyAmount, anyCurrency, (amount, currency) => {
        expect(roundToMinorUnit(-amount, currency)).toBe(-roundToMinorUnit(amount, currency));
      }),
    );
  });
});

test.each([
  ["EUR", 1_005_000n, 1_000_000n, "1.00"],
  ["EUR", 1_015_000n, 1_020_000n, "1.02"],
  ["JPY", 1_500_000n, 2_000_000n, "2"],
  ["JPY", 2_500_000n, 2_000_000n, "2"],
  ["KWD", 1_234_500n, 1_234_000n, "1.234"],
  ["KWD", -1_235_500n, -1_236_000n, "-1.236"],
  ["CLF", 50n, 0n, "0.0000"],
])("in %s, %i micro-units are paid as %i: %s", (currency, amount, rounded, text) => {
  expect(roundToMinorUnit(amount, currency)).toBe(rounded);
  expect(formatMinorUnits(rounded, currency)).toBe(text);
});

test("a tax is rounded once: half a cent is seen as half, not as what a first rounding left", () => {
  expect(shareOf(2_500_000n, 190_000, "EUR")).toBe(480_000n); // 0.475
  expect(shareOf(10_000n, 499_999, "EUR")).toBe(0n);
  expect(shareOf(30_000n, 500_000, "EUR")).toBe(20_000n); // 0.015
  expect(shareOf(-2_500_000n, 190_000, "EUR")).toBe(-480_000n);
});

test("what can be paid is a whole number of minor units, never more than half a one away", () => {
  fc.assert(
    fc.property(anyAmount, anyCurrency, (amount, currency) => {
      const rounded = roundToMinorUnit(amount, currency);
      const minorUnit = minorUnitMicros(currency);
      expect(rounded % minorUnit).toBe(0n);
      const off = amount > rounded ? amount - rounded : rounded - amount;
      expect(2n * off).toBeLessThanOrEqual(minorUnit);
    }),
  );
});

test("an amount that cannot be paid is not written as if it could", () => {
  expect(() => formatMinorUnits(5_000n, "EUR")).toThrow(RangeError);
});

test.each([
  [100n, "EUR", "0.0001"],
  [1_000_000n, "EUR", "1.00"],
  [1_250_000n, "JPY", "1.25"],
  [3_000_000n, "JPY", "3"],
  [-1_230_000n, "KWD", "-1.230"],
  [1n, "KWD", "0.000001"],
])("%i micro-units of %s are written %s, every one of them", (amount, currency, text) => {
  expect(formatMicros(amount, currency)).toBe(text);
});

test("the currencies of ISO 4217 are known with their decimals", () => {
  expect(["USD", "EUR", "GBP", "JPY", "KWD", "IQD", "CLF", "UYW"].every(isCurrency)).toBe(true);
  expect(["usd", "", "EURO", "QQQ"].some(isCurrency)).toBe(false);
  expect(["EUR", "HUF", "IQD", "KRW", "CLF"].map(minorUnitDigits)).toEqual([2, 2, 3, 0, 4]);
});
