import type { MeteredTotal, UsageInterval, UsageQuery, UsageRow } from "./usage-report.ts";

/** A row beside what it was in the period before. */
export interface ComparedRow extends UsageRow {
  previous: MeteredTotal;
}

/**
 * The period before: of whole calendar months (in UTC), as many months; of any other, the same length. So July is compared
 * with June, and seven days with the seven before.
 */
export function periodBefore({ startsAt, endsAt }: Pick<UsageQuery, "startsAt" | "endsAt">): {
  startsAt: Date;
  endsAt: Date;
} {
  if (!isMonthStart(startsAt) || !isMonthStart(endsAt)) {
    return { startsAt: new Date(2 * startsAt.getTime() - endsAt.getTime()), endsAt: startsAt };
  }
  const months = monthsBetween(startsAt, endsAt);
  return {
    startsAt: new Date(Date.UTC(startsAt.getUTCFullYear(), startsAt.getUTCMonth() - months, 1)),
    endsAt: startsAt,
  };
}

/**
 * Each row beside the one of the same group and of the same place in the period before: the third day beside the third
 * day. A group that had something there before and nothing now has a row with nothing, as long as its place is one of this
 * period: of March compared with a longer month, there is no 31st interval to put it in, and it counts in the totals alone.
 */
export function compareRows(
  query: UsageQuery,
  { rows, before }: { rows: readonly UsageRow[]; before: readonly UsageRow[] },
): ComparedRow[] {
  const earlier = periodBefore(query);
  const previous = new Map(
    before.map((row) => [keyOf(row, placeOf(row.startsAt, earlier.startsAt, query.interval)), row]),
  );
  const compared = rows.map((row) => {
    const key = keyOf(row, placeOf(row.startsAt, query.startsAt, query.interval));
    const found = previous.get(key);
    previous.delete(key);
    return { ...row, previous: amountsOf(row.meter, found) };
  });
  const gone = [...previous.values()].flatMap((row) => {
    const place = placeOf(row.startsAt, earlier.startsAt, query.interval);
    const period = periodAt(query, place);
    return period === undefined
      ? []
      : [{ ...row, ...period, quantity: 0n, amountMicros: 0n, previous: amountsOf(row.meter, row) }];
  });
  return [...compared, ...gone].sort(byTimeThenGroup);
}

function amountsOf(meter: string, row: UsageRow | undefined): MeteredTotal {
  return { meter, quantity: row?.quantity ?? 0n, amountMicros: row?.amountMicros ?? 0n };
}

function keyOf(row: UsageRow, place: number): string {
  return JSON.stringify([place, row.modelId, row.modelVersionId, row.apiKeyId, row.meter]);
}

function byTimeThenGroup(a: ComparedRow, b: ComparedRow): number {
  const difference = a.startsAt.getTime() - b.startsAt.getTime();
  if (difference !== 0) return difference;
  return keyOf(a, 0) < keyOf(b, 0) ? -1 : 1;
}

const intervalMs = { HOUR: 3_600_000, DAY: 24 * 3_600_000 };

/** Which interval of its period a moment is in, counted from 0. */
function placeOf(at: Date, periodStartsAt: Date, interval: UsageInterval | undefined): number {
  switch (interval) {
    case undefined:
      return 0;
    case "MONTH":
      return monthsBetween(periodStartsAt, at);
    case "HOUR":
    case "DAY": {
      const length = intervalMs[interval];
      return Math.floor(at.getTime() / length) - Math.floor(periodStartsAt.getTime() / length);
    }
  }
}

/** The interval at the place, cut to the period; undefined where the period is over by then. */
function periodAt(
  { startsAt, endsAt, interval }: UsageQuery,
  place: number,
): { startsAt: Date; endsAt: Date } | undefined {
  if (interval === undefined) return { startsAt, endsAt };
  const from = startOfPlace(startsAt, interval, place);
  if (from >= endsAt) return undefined;
  const to = startOfPlace(startsAt, interval, place + 1);
  return { startsAt: from < startsAt ? startsAt : from, endsAt: to > endsAt ? endsAt : to };
}

function startOfPlace(startsAt: Date, interval: UsageInterval, place: number): Date {
  if (interval === "MONTH") return new Date(Date.UTC(startsAt.getUTCFullYear(), startsAt.getUTCMonth() + place, 1));
  const length = intervalMs[interval];
  return new Date((Math.floor(startsAt.getTime() / length) + place) * length);
}

function isMonthStart(at: Date): boolean {
  return at.getTime() === Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1);
}

function monthsBetween(from: Date, to: Date): number {
  return 12 * (to.getUTCFullYear() - from.getUTCFullYear()) + to.getUTCMonth() - from.getUTCMonth();
}
