/** What a rate is worked out from. */
export interface Recent {
  /** Items that ended, each weighing 1 when it ended and e times less with every time constant since. */
  items: number;
  at: Date | undefined;
  startedAt: Date | undefined;
}

const timeConstantSeconds = 10;

/** The weighted count after so many more items. Written by commits of several workers, so it is kept in the database. */
export function recentAfter(recent: Recent, ended: number, now: Date): number {
  return decayed(recent, now) + ended;
}

/** Items a second of late. A job that has run for less than the time constant is measured over what it has run. */
export function itemsPerSecond(recent: Recent, now: Date): number {
  if (recent.startedAt === undefined) return 0;
  const age = Math.max(0.05, secondsBetween(recent.startedAt, now));
  return decayed(recent, now) / (timeConstantSeconds * (1 - Math.exp(-age / timeConstantSeconds)));
}

/** Undefined while nobody can tell: nothing has ended of late, or the number of items is not known. */
export function secondsLeft(itemsLeft: number | undefined, rate: number): number | undefined {
  if (itemsLeft === 0) return 0;
  if (itemsLeft === undefined || rate < 0.001) return undefined;
  return Math.ceil(itemsLeft / rate);
}

function decayed({ items, at }: Recent, now: Date): number {
  return at === undefined ? 0 : items * Math.exp(-Math.max(0, secondsBetween(at, now)) / timeConstantSeconds);
}

function secondsBetween(from: Date, to: Date): number {
  return (to.getTime() - from.getTime()) / 1000;
}
