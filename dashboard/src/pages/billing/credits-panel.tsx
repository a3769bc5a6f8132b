import { DataTable } from "../../components/data-table.tsx";
import { Badge } from "../../components/page.tsx";
import { When } from "../../components/time.tsx";
import { paid, utc } from "../../format.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import type { CreditGrantShownFragment } from "../../graphql/generated/graphql.ts";

graphql(`
  fragment CreditGrantShown on CreditGrant {
    id
    amount
    remaining
    currency
    priority
    expiresAt
    reason
    createdAt
  }
`);

type Grant = CreditGrantShownFragment;

interface CreditsPanelProps {
  balance: { amount: string; currency: string };
  grants: readonly Grant[];
}

/** What was paid ahead, what is left of it, and until when. */
export function CreditsPanel({ balance, grants }: CreditsPanelProps) {
  return (
    <>
      <p className="padded">
        <span className="figure-value">{paid(balance.amount, balance.currency)}</span>{" "}
        <span className="dim small">to be used</span>
      </p>
      <DataTable
        label="Credit grants"
        columns={[
          {
            head: "Credit",
            cell: ({ reason, createdAt }) => (
              <span className="stack-tight">
                <span className="strong">{reason}</span>
                <span className="dim small">
                  <When at={createdAt} />
                </span>
              </span>
            ),
          },
          { head: "Expires", cell: ({ expiresAt }) => <Expiry at={expiresAt} /> },
          {
            head: "Left",
            isNumber: true,
            cell: ({ remaining, amount, currency }) => (
              <span className="stack-tight end">
                <span className="strong">{paid(remaining, currency)}</span>
                <span className="dim small">of {paid(amount, currency)}</span>
              </span>
            ),
          },
        ]}
        rows={inOrder(grants)}
        keyOf={({ id }) => id}
        empty={<p className="dim padded">Nothing was paid ahead.</p>}
      />
    </>
  );
}

function Expiry({ at }: { at: string | null }) {
  if (at === null) return <span className="dim">Never</span>;
  return new Date(at) < new Date() ? <Badge>Expired</Badge> : utc(at, { withTime: false });
}

/** As invoices use them: by priority, then those that expire first, then the oldest. What is used up or over comes last. */
function inOrder(grants: readonly Grant[]): Grant[] {
  const isOver = ({ remaining, expiresAt }: Grant) =>
    BigInt(remaining) === 0n || (expiresAt !== null && new Date(expiresAt) < new Date());
  const expiry = ({ expiresAt }: Grant) =>
    expiresAt === null ? Number.POSITIVE_INFINITY : new Date(expiresAt).getTime();
  return [...grants].sort(
    (one, other) =>
      Number(isOver(one)) - Number(isOver(other)) ||
      one.priority - other.priority ||
      Math.sign(expiry(one) - expiry(other)) ||
      one.createdAt.localeCompare(other.createdAt),
  );
}
