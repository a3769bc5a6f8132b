import { Badge } from "../components/page.tsx";
import { count, fromNow, money, percent, utc, words } from "../format.ts";

export interface Limit {
  id: string;
  kind: string;
  meter: string | null;
  period: string | null;
  scope: string;
  limit: number;
  used: number;
  remaining: number;
  resetsAt: string | null;
  alerts: readonly { threshold: number; crossedAt: string }[];
}

/** Each limit with how much of it is gone, and when it is whole again. */
export function LimitBars({ limits, currency }: { limits: readonly Limit[]; currency: string | undefined }) {
  if (limits.length === 0) return <p className="dim">No limit applies.</p>;
  return (
    <ul className="limits">
      {limits.map((limit) => (
        <li key={limit.id}>
          <div className="limit-head">
            <span className="strong">{limitName(limit)}</span>
            <LimitState share={shareOf(limit)} />
          </div>
          <meter
            className={`limit-bar ${toneOf(shareOf(limit))}`}
            aria-label={`${words(limit.kind)} used`}
            min={0}
            max={1}
            value={Math.min(1, shareOf(limit))}
          />
          <div className="limit-foot dim small">
            <span>
              {writeOf(limit, limit.used, currency)} of {writeOf(limit, limit.limit, currency)}
            </span>
            {limit.resetsAt === null ? null : (
              <span title={utc(limit.resetsAt)}>
                resets {fromNow(limit.resetsAt)}, {utc(limit.resetsAt)}
              </span>
            )}
          </div>
        </li>
      ))}
    </ul>
  );
}

function LimitState({ share }: { share: number }) {
  if (share >= 1) return <Badge tone="bad">Used up</Badge>;
  return share >= 0.8 ? (
    <Badge tone="warn">{percent(share)}</Badge>
  ) : (
    <span className="dim small">{percent(share)}</span>
  );
}

/** A budget is money, in micro-units; all else is counted. */
export function writeOf({ kind }: Pick<Limit, "kind">, value: number, currency: string | undefined): string {
  return kind === "BUDGET" ? money(value, currency) : count(value);
}

const periodNames = new Map([
  ["HOUR", "an hour"],
  ["DAY", "a day"],
  ["BILLING_PERIOD", "a billing period"],
]);

/** "Quota of inputs for a day". */
export function limitName({ kind, meter, period }: Pick<Limit, "kind" | "meter" | "period">): string {
  const of = meter === null ? "" : ` of ${meter.replaceAll("_", " ")}`;
  return `${words(kind)}${of}${period === null ? "" : ` for ${periodNames.get(period) ?? period}`}`;
}

function shareOf({ used, limit }: Limit): number {
  return limit === 0 ? 1 : used / limit;
}

function toneOf(share: number): string {
  if (share >= 1) return "bad";
  return share >= 0.8 ? "warn" : "plain";
}
