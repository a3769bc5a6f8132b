/** A stretch of time, `[startsAt, endsAt)`. */
export interface Period {
  startsAt: Date;
  endsAt: Date;
}

export const dayMs = 86_400_000;

/**
 * The billing period that a moment lies in: from 00:00 UTC on the anchor day of a month to the same of the next. In a
 * month that has no such day it is the month's last, so an anchor of 31 starts every month's last day. An anchor of 1 is
 * the calendar month. `period_of` in SQL says the same; a property test compares them.
 */
export function periodOf(at: Date, anchorDay: number): Period {
  const [year, month] = [at.getUTCFullYear(), at.getUTCMonth()];
  const anchor = anchorIn(year, month, anchorDay);
  if (at < anchor) return { startsAt: anchorIn(year, month - 1, anchorDay), endsAt: anchor };
  return { startsAt: anchor, endsAt: anchorIn(year, month + 1, anchorDay) };
}

/** How many days a period of whole days has. */
export function daysIn({ startsAt, endsAt }: Period): number {
  return Math.round((endsAt.getTime() - startsAt.getTime()) / dayMs);
}

function anchorIn(year: number, month: number, anchorDay: number): Date {
  // Day 0 of the month after is this month's last.
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return new Date(Date.UTC(year, month, Math.min(anchorDay, lastDay)));
}
