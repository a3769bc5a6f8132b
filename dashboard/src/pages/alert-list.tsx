import { Icon } from "../components/icons.tsx";
import { When } from "../components/time.tsx";
import { type Limit, limitName, writeOf } from "./limit-bars.tsx";

/** Of each limit the highest threshold that was reached in this period, from the second on: half is nobody's worry yet. */
const worthTelling = 80;

export function AlertList({ limits, currency }: { limits: readonly Limit[]; currency: string | undefined }) {
  const told = limits
    .flatMap((limit) => limit.alerts.slice(-1).map((alert) => ({ limit, ...alert })))
    .filter(({ threshold }) => threshold >= worthTelling)
    .sort((one, other) => other.threshold - one.threshold);
  if (told.length === 0) return null;
  return (
    <ul className="alerts" aria-label="Alerts">
      {told.map(({ limit, threshold, crossedAt }) => (
        <li key={limit.id} className={threshold >= 100 ? "alert bad" : "alert warn"}>
          <Icon name="warning" size={16} />
          <span>
            <strong>{threshold >= 100 ? "Used up" : `${threshold} % reached`}</strong>: {limitName(limit).toLowerCase()}
            , {writeOf(limit, limit.limit, currency)}
          </span>
          <When at={crossedAt} />
        </li>
      ))}
    </ul>
  );
}
