import { compact, day, paid, words } from "../format.ts";

interface Forecast {
  startsAt: string;
  endsAt: string;
  meters: readonly {
    meter: string;
    method: string;
    used: number;
    quantity: number;
    quantityLow: number;
    quantityHigh: number;
    amount: string;
    amountLow: string;
    amountHigh: string;
  }[];
}

/** How the billing period ends, by meter, and how sure that is. */
export function ForecastList({ forecast, currency }: { forecast: Forecast; currency: string }) {
  const { meters, endsAt } = forecast;
  if (meters.length === 0) return <p className="dim">Nothing was used in the last weeks to tell it from.</p>;
  const total = meters.reduce((sum, { amount }) => sum + BigInt(amount), 0n);
  return (
    <>
      <div className="figure-value">{paid(total, currency)}</div>
      <p className="dim small">
        Expected by {day(new Date(new Date(endsAt).getTime() - 1).toISOString())}, flat fees and tax left out
      </p>
      <ul className="limits forecasts">
        {meters.map((meter) => (
          <li key={meter.meter}>
            <div className="limit-head">
              <span className="strong">{words(meter.meter)}</span>
              <span className="dim small">
                {compact(meter.used)} so far, {compact(meter.quantity)} expected
              </span>
            </div>
            <meter
              className="limit-bar plain"
              aria-label={`${words(meter.meter)} used of what is expected`}
              min={0}
              max={1}
              value={meter.quantity === 0 ? 0 : Math.min(1, meter.used / meter.quantity)}
            />
            <div className="limit-foot dim small">
              <span>
                Four times in five {compact(meter.quantityLow)} to {compact(meter.quantityHigh)}
              </span>
              <span>
                {paid(meter.amountLow, currency)} to {paid(meter.amountHigh, currency)}
              </span>
            </div>
          </li>
        ))}
      </ul>
    </>
  );
}
