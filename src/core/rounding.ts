import { minorUnitDigits } from "./currency.ts";
import type { Micros } from "./money.ts";

/** The quotient, rounded to the nearest whole number and, half way between two, to the even one. */
export function divideHalfEven(dividend: bigint, divisor: bigint): bigint {
  if (divisor <= 0n) throw new RangeError(`The divisor ${divisor} is not above zero.`);
  const truncated = dividend / divisor;
  const rest = dividend - truncated * divisor;
  const doubled = 2n * (rest < 0n ? -rest : rest);
  if (doubled < divisor || (doubled === divisor && truncated % 2n === 0n)) return truncated;
  return dividend < 0n ? truncated - 1n : truncated + 1n;
}

/** An amount as it can be paid: the nearest whole number of the currency's minor units, half to even, still in micro-units. */
export function roundToMinorUnit(amount: Micros, currency: string): Micros {
  const minorUnit = minorUnitMicros(currency);
  return divideHalfEven(amount, minorUnit) * minorUnit;
}

/** The smallest amount that can be paid in a currency: a cent is 10,000 micro-units. */
export function minorUnitMicros(currency: string): Micros {
  return 10n ** BigInt(6 - minorUnitDigits(currency));
}

const millionths = 1_000_000n;

/** A share of an amount in parts per million, such as a tax, as it can be paid. */
export function shareOf(amount: Micros, partsPerMillion: number, currency: string): Micros {
  const minorUnit = minorUnitMicros(currency);
  // In one division: rounding twice would not be rounding half to even.
  return divideHalfEven(amount * BigInt(partsPerMillion), millionths * minorUnit) * minorUnit;
}
