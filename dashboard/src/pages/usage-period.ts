export type PeriodName = "DAY" | "WEEK" | "MONTH" | "YEAR";

export interface Period {
  startsAt: Date;
  endsAt: Date;
  interval: "HOUR" | "DAY" | "MONTH";
}

export const periodNames: Record<PeriodName, string> = {
  DAY: "24 hours",
  WEEK: "7 days",
  MONTH: "30 days",
  YEAR: "12 months",
};

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** The period that ends with the hour, day or month of now, in UTC, which is how usage is booked. */
export function periodOf(name: PeriodName, now: Date): Period {
  if (name === "YEAR") {
    const month = (back: number) => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1 - back, 1));
    return { startsAt: month(12), endsAt: month(0), interval: "MONTH" };
  }
  const [stepMs, steps] = { DAY: [hourMs, 24], WEEK: [dayMs, 7], MONTH: [dayMs, 30] }[name] as [number, number];
  const endsAt = new Date((Math.floor(now.getTime() / stepMs) + 1) * stepMs);
  const startsAt = new Date(endsAt.getTime() - steps * stepMs);
  return { startsAt, endsAt, interval: name === "DAY" ? "HOUR" : "DAY" };
}

/** Where each bar begins. */
export function stepsOf({ startsAt, endsAt, interval }: Period): Date[] {
  const steps: Date[] = [];
  for (let at = startsAt; at < endsAt; at = stepAfter(at, interval)) steps.push(at);
  return steps;
}

function stepAfter(at: Date, interval: Period["interval"]): Date {
  if (interval === "MONTH") return new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 1));
  return new Date(at.getTime() + (interval === "HOUR" ? hourMs : dayMs));
}

const monthName = new Intl.DateTimeFormat("en", { month: "short", timeZone: "UTC" });
const dayName = new Intl.DateTimeFormat("en", { month: "short", day: "numeric", timeZone: "UTC" });

export function stepLabel(at: Date, interval: Period["interval"]): string {
  if (interval === "MONTH") return monthName.format(at);
  return interval === "DAY" ? dayName.format(at) : `${String(at.getUTCHours()).padStart(2, "0")}:00`;
}
