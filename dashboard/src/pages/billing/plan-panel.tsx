import { Badge } from "../../components/page.tsx";
import { dateTime, exact, utc } from "../../format.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import type { SubscriptionShownFragment } from "../../graphql/generated/graphql.ts";
import { PriceList } from "../plans/price-list.tsx";

graphql(`
  fragment SubscriptionShown on PlanSubscription {
    id
    startsAt
    endsAt
    plan {
      id
      name
      version
      currency
      flatFeeMicros
      prices {
        ...PriceShown
      }
    }
  }
`);

type Subscription = SubscriptionShownFragment;

/** The plan that runs, what it costs, and what comes next. */
export function PlanPanel({ subscriptions }: { subscriptions: readonly Subscription[] }) {
  const now = Date.now();
  const running = subscriptions.find((one) => runsAt(one, now));
  const next = subscriptions.find((one) => new Date(one.startsAt).getTime() > now);
  if (running === undefined)
    return <p className="dim padded">No plan runs, so nothing can be asked. Your operator moves you to one.</p>;
  const { plan, startsAt } = running;
  return (
    <>
      <dl className="facts roomy padded">
        <div>
          <dt className="dim small">Plan</dt>
          <dd className="strong">
            {plan.name} <Badge>v{plan.version}</Badge>
          </dd>
        </div>
        <div>
          <dt className="dim small">Fee of a period</dt>
          <dd>{exact(plan.flatFeeMicros, plan.currency)}</dd>
        </div>
        <div>
          <dt className="dim small">Since</dt>
          <dd title={dateTime(startsAt)}>{utc(startsAt, { withTime: false })}</dd>
        </div>
        <div>
          <dt className="dim small">Next</dt>
          <dd>{nextPlan(next)}</dd>
        </div>
      </dl>
      <PriceList prices={plan.prices} currency={plan.currency} />
    </>
  );
}

function nextPlan(next: Subscription | undefined): string {
  if (next === undefined) return "The same plan goes on";
  return `${next.plan.name} v${next.plan.version} from ${utc(next.startsAt)}`;
}

export function runsAt({ startsAt, endsAt }: Pick<Subscription, "startsAt" | "endsAt">, now: number): boolean {
  return new Date(startsAt).getTime() <= now && (endsAt === null || new Date(endsAt).getTime() > now);
}
