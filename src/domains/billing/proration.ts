import type { Micros } from "../../core/money.ts";
import { dayMs, daysIn, type Period } from "../../core/period.ts";
import { divideHalfEven } from "../../core/rounding.ts";

/** A tenant's time on one plan version. */
export interface Tenure {
  startsAt: Date;
  /** Undefined: it goes on. */
  endsAt: Date | undefined;
}

/** Days of a period, `[from, to)`, counted from its first, which is 0. */
export interface DaySpan {
  from: number;
  to: number;
}

/**
 * The days of a period that a tenure pays for. A day belongs to the tenure that holds its last instant, so on the day of
 * a change the new plan is paid and the old one is not, and every day is paid once.
 */
export function daysHeld(period: Period, { startsAt, endsAt }: Tenure): DaySpan {
  const days = daysIn(period);
  const dayOf = (at: Date) => Math.floor((at.getTime() - period.startsAt.getTime()) / dayMs);
  const within = (day: number) => Math.min(Math.max(day, 0), days);
  const from = within(dayOf(startsAt));
  // A tenure that ends within a day does not hold that day's last instant.
  return { from, to: endsAt === undefined ? days : Math.max(from, within(dayOf(endsAt))) };
}

/** The part of a fee for a period that falls on the days. Parts of neighbouring spans add up to the part of both. */
export function prorated(fee: Micros, span: DaySpan, daysOfPeriod: number): Micros {
  return upToDay(fee, span.to, daysOfPeriod) - upToDay(fee, span.from, daysOfPeriod);
}

function upToDay(fee: Micros, day: number, daysOfPeriod: number): Micros {
  return divideHalfEven(fee * BigInt(day), BigInt(daysOfPeriod));
}
