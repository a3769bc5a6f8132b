import { type Forecast, type ForecastMethod, forecast, historyWeeks } from "./usage-forecast.ts";
import type { UsageReportStore, UsedHour } from "./usage-report.store.ts";
import { type MeteredTotal, totalsOf } from "./usage-report.ts";

/** What a tenant will have used of a meter at the end of its billing period. Quantities in the meter's smallest unit. */
export interface MeterOutlook {
  meter: string;
  method: ForecastMethod;
  used: MeteredTotal;
  quantity: Outlook;
  amountMicros: Outlook;
}

export interface Outlook {
  expected: bigint;
  low: bigint;
  high: bigint;
}

export interface UsageOutlook {
  startsAt: Date;
  endsAt: Date;
  meters: MeterOutlook[];
}

const weekMs = 7 * 24 * 3_600_000;
const hourMs = 3_600_000;

/** How the billing period that runs now will end. */
export async function outlookOf(
  store: Pick<UsageReportStore, "billingPeriod" | "hours" | "report">,
  tenantId: string,
): Promise<UsageOutlook> {
  const { startsAt, endsAt, now } = await store.billingPeriod(tenantId);
  const thisHour = new Date(Math.floor(now.getTime() / hourMs) * hourMs);
  const [history, soFar] = await Promise.all([
    // A week more than is looked at, so that the first of the weeks is known to be whole.
    store.hours(tenantId, { from: new Date(thisHour.getTime() - (historyWeeks + 1) * weekMs), to: thisHour }),
    now > startsAt ? store.report(tenantId, { startsAt, endsAt: now, groupBy: [], interval: undefined }) : [],
  ]);
  const used = new Map(totalsOf(soFar).map((total) => [total.meter, total]));
  const byMeter = Map.groupBy(history, ({ meter }) => meter);
  const meters = [...new Set([...used.keys(), ...byMeter.keys()])].sort();
  return {
    startsAt,
    endsAt,
    meters: meters.map((meter) =>
      outlookOfMeter(used.get(meter) ?? { meter, quantity: 0n, amountMicros: 0n }, byMeter.get(meter) ?? [], {
        now,
        endsAt,
      }),
    ),
  };
}

/** Money is looked at as a series of its own: what a unit comes to cost changes with tiers and included quantities. */
function outlookOfMeter(used: MeteredTotal, hours: UsedHour[], left: { now: Date; endsAt: Date }): MeterOutlook {
  const series = (value: (hour: UsedHour) => bigint) =>
    forecast(
      hours.map((hour) => ({ hour: hour.hour, value: Number(value(hour)) })),
      left,
    );
  const quantity = series((hour) => hour.quantity);
  const amount = series((hour) => hour.amountMicros);
  return {
    meter: used.meter,
    method: quantity.method,
    used,
    quantity: addTo(used.quantity, quantity),
    amountMicros: addTo(used.amountMicros, amount),
  };
}

function addTo(used: bigint, { expected, low, high }: Forecast): Outlook {
  const plus = (more: number) => used + BigInt(Math.round(more));
  return { expected: plus(expected), low: plus(low), high: plus(high) };
}
