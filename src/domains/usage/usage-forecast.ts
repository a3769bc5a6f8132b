/** What was used in one hour; hours without use may be left out. */
export interface HourPoint {
  hour: Date;
  value: number;
}

export type ForecastMethod = "SEASONAL" | "LINEAR";

export interface Forecast {
  method: ForecastMethod;
  /** What is expected of the time from now to the end. */
  expected: number;
  /** Four times in five, if the time to come is like the time before, it is within these. */
  low: number;
  high: number;
}

const hourMs = 3_600_000;
const hoursInWeek = 168;
/** Further back says more about what was than about what will be. */
export const historyWeeks = 4;
// Of a normal distribution, four fifths lie within so many standard deviations.
const fourFifths = 1.2816;

/**
 * What will be used from now to `endsAt`, from the whole hours before now.
 *
 * SEASONAL, with a week of history or more: each hour to come is expected to be like the same hour of the week was in the
 * last one to four whole weeks, on the average. LINEAR, with less: every hour to come is expected to be like the hours
 * since the first use were, on the average.
 *
 * How sure: the whole days of the history (of LINEAR, the hours) are compared with what the method would have expected of
 * them; the spread of a stretch of n of them grows with the square root of n.
 */
export function forecast(history: readonly HourPoint[], { now, endsAt }: { now: Date; endsAt: Date }): Forecast {
  const thisHour = Math.floor(now.getTime() / hourMs);
  const first = Math.min(...history.map(({ hour }) => hour.getTime() / hourMs));
  const known = Number.isFinite(first) ? thisHour - first : 0;
  const weeks = Math.min(historyWeeks, Math.floor(known / hoursInWeek));
  const length = weeks > 0 ? weeks * hoursInWeek : Math.max(0, known);
  const values = new Array<number>(length).fill(0);
  for (const { hour, value } of history) {
    const at = hour.getTime() / hourMs - (thisHour - length);
    if (at >= 0 && at < length) values[at] = (values[at] ?? 0) + value;
  }
  const left = { from: now.getTime() / hourMs, to: Math.max(now.getTime(), endsAt.getTime()) / hourMs };
  return weeks > 0 ? seasonal(values, { thisHour, weeks, left }) : linear(values, left);
}

interface Left {
  from: number;
  to: number;
}

function seasonal(
  values: number[],
  { thisHour, weeks, left }: { thisHour: number; weeks: number; left: Left },
): Forecast {
  const means = Array.from({ length: hoursInWeek }, (_, i) => {
    let sum = 0;
    for (let week = 0; week < weeks; week++) sum += values[week * hoursInWeek + i] ?? 0;
    return sum / weeks;
  });
  // The first value is a whole number of weeks before this hour, so it is the same hour of the week.
  const meanOf = (hour: number) => means[(hour - thisHour) % hoursInWeek] ?? 0;
  let expected = 0;
  for (let hour = thisHour; hour < left.to; hour++) expected += meanOf(hour) * partOf(hour, left);
  const days = values.length / 24;
  const residuals = Array.from({ length: days }, (_, day) => {
    const hours = values.slice(day * 24, day * 24 + 24);
    return hours.reduce((sum, value, i) => sum + value - (means[(day * 24 + i) % hoursInWeek] ?? 0), 0);
  });
  // Of one week the means are the values themselves: its days are then compared with the average day.
  const spread = weeks > 1 ? spreadOf(residuals, days - 7) : spreadOf(aroundMean(sumsOf(values, 24)), 6);
  return ranged("SEASONAL", expected, spread * Math.sqrt((left.to - left.from) / 24));
}

function linear(values: number[], left: Left): Forecast {
  const mean = values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
  const hours = left.to - left.from;
  const spread = spreadOf(aroundMean(values), values.length - 1);
  return ranged("LINEAR", mean * hours, spread * Math.sqrt(hours));
}

/** How much of the hour is left. */
function partOf(hour: number, { from, to }: Left): number {
  return Math.max(0, Math.min(hour + 1, to) - Math.max(hour, from));
}

function sumsOf(values: number[], size: number): number[] {
  return Array.from({ length: values.length / size }, (_, i) =>
    values.slice(i * size, (i + 1) * size).reduce((sum, value) => sum + value, 0),
  );
}

function aroundMean(values: number[]): number[] {
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  return values.map((value) => value - mean);
}

function spreadOf(residuals: number[], degreesOfFreedom: number): number {
  const squares = residuals.reduce((sum, residual) => sum + residual * residual, 0);
  return Math.sqrt(squares / Math.max(1, degreesOfFreedom));
}

function ranged(method: ForecastMethod, expected: number, spread: number): Forecast {
  return {
    method,
    expected,
    low: Math.max(0, expected - fourFifths * spread),
    high: expected + fourFifths * spread,
  };
}
