import { TollgateError } from "../../core/errors.ts";

export const usageDimensions = ["MODEL", "VERSION", "API_KEY", "METER"] as const;
export type UsageDimension = (typeof usageDimensions)[number];

export const usageIntervals = ["HOUR", "DAY", "MONTH"] as const;
export type UsageInterval = (typeof usageIntervals)[number];

export interface UsageQuery {
  startsAt: Date;
  endsAt: Date;
  groupBy: UsageDimension[];
  interval: UsageInterval | undefined;
}

/** One row of a report. What was not grouped by is absent; an absent API key under API_KEY is a signed-in user. */
export interface UsageRow {
  startsAt: Date;
  endsAt: Date;
  modelId: string | undefined;
  modelVersionId: string | undefined;
  apiKeyId: string | undefined;
  meter: string;
  quantity: bigint;
  amountMicros: bigint;
}

export interface MeteredTotal {
  meter: string;
  quantity: bigint;
  amountMicros: bigint;
}

export const maxReportRows = 10_000;
const hourMs = 3_600_000;
const longestMs: Record<UsageInterval | "NONE", number> = {
  HOUR: 92 * 24 * hourMs,
  DAY: 1_100 * 24 * hourMs,
  MONTH: 10 * 366 * 24 * hourMs,
  NONE: 10 * 366 * 24 * hourMs,
};

/** Refuses a period that ends before it starts, or that has more rows in it than anybody can read. */
export function checkUsageQuery(query: UsageQuery): UsageQuery {
  const { startsAt, endsAt } = checkUsagePeriod(query);
  const lengthMs = endsAt.getTime() - startsAt.getTime();
  const longest = longestMs[query.interval ?? "NONE"];
  if (lengthMs > longest) {
    const days = Math.floor(longest / (24 * hourMs));
    throw new TollgateError("INVALID_INPUT", `The period is too long for this interval: at most ${days} days.`);
  }
  return query;
}

/** Refuses a period that ends before it starts. */
export function checkUsagePeriod<Period extends Pick<UsageQuery, "startsAt" | "endsAt">>(period: Period): Period {
  if (period.startsAt < period.endsAt) return period;
  throw new TollgateError("INVALID_INPUT", "endsAt must be later than startsAt: a period is [startsAt, endsAt).");
}

/**
 * How the period divides into whole hours, which the rollup holds, and the stumps before and after them, which are read
 * from the events: so a report is exact for any two instants. In milliseconds since 1970.
 */
export function splitAtHours(query: UsageQuery): { wholeFrom: Date; wholeTo: Date } {
  const starts = query.startsAt.getTime();
  const ends = query.endsAt.getTime();
  const wholeFrom = Math.ceil(starts / hourMs) * hourMs;
  const wholeTo = Math.floor(ends / hourMs) * hourMs;
  // A period inside one hour has no whole hour: everything is a stump.
  if (wholeFrom >= wholeTo) return { wholeFrom: query.endsAt, wholeTo: query.endsAt };
  return { wholeFrom: new Date(wholeFrom), wholeTo: new Date(wholeTo) };
}

/** The whole days (in UTC) in a stretch of whole hours; empty where there is none. */
export function wholeDays({ from, to }: { from: Date; to: Date }): { from: Date; to: Date } {
  const dayMs = 24 * hourMs;
  const first = Math.ceil(from.getTime() / dayMs) * dayMs;
  const end = Math.floor(to.getTime() / dayMs) * dayMs;
  return first < end ? { from: new Date(first), to: new Date(end) } : { from: to, to };
}

/** The period that a row stands for: its interval, cut to the period that was asked for. */
export function rowPeriod(query: UsageQuery, bucket: Date | undefined): { startsAt: Date; endsAt: Date } {
  if (bucket === undefined || query.interval === undefined) return { startsAt: query.startsAt, endsAt: query.endsAt };
  const end = endOfBucket(bucket, query.interval);
  return {
    startsAt: bucket < query.startsAt ? query.startsAt : bucket,
    endsAt: end > query.endsAt ? query.endsAt : end,
  };
}

function endOfBucket(bucket: Date, interval: UsageInterval): Date {
  switch (interval) {
    case "HOUR":
      return new Date(bucket.getTime() + hourMs);
    case "DAY":
      return new Date(bucket.getTime() + 24 * hourMs);
    case "MONTH":
      return new Date(Date.UTC(bucket.getUTCFullYear(), bucket.getUTCMonth() + 1, 1));
  }
}

/** Sums by meter. */
export function totalsOf(rows: readonly UsageRow[]): MeteredTotal[] {
  const totals = new Map<string, MeteredTotal>();
  for (const row of rows) {
    const total = totals.get(row.meter) ?? { meter: row.meter, quantity: 0n, amountMicros: 0n };
    total.quantity += row.quantity;
    total.amountMicros += row.amountMicros;
    totals.set(row.meter, total);
  }
  return [...totals.values()].sort((a, b) => a.meter.localeCompare(b.meter));
}
