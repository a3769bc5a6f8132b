import { Skeleton } from "@mantine/core";
import { useState } from "react";
import { useQuery } from "urql";
import { Panel } from "../../components/page.tsx";
import { Failure } from "../../components/states.tsx";
import { days, fromNow, paid, utc } from "../../format.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import { LineTable, TotalsList } from "./line-table.tsx";

const DraftDocument = graphql(`
  query Draft($tenantId: ID) {
    invoiceDraft(tenantId: $tenantId) {
      startsAt
      endsAt
      issuableAt
      currency
      subtotal
      taxRatePpm
      tax
      credits
      total
      lines {
        ...InvoiceLineShown
      }
    }
  }
`);

/** What the running period would be invoiced for if it ended now. */
export function DraftPanel({ tenantId }: { tenantId: string | undefined }) {
  const [{ data, error }, ask] = useQuery({
    query: DraftDocument,
    variables: { tenantId: tenantId ?? null },
    requestPolicy: "cache-and-network",
  });
  // To the moment that the page was opened; what it says follows usage, and not the seconds.
  const [openedAt] = useState(() => Date.now());
  const draft = data?.invoiceDraft;
  return (
    <Panel
      title="This period so far"
      note={draft === undefined ? "\u00a0" : `${days(draft.startsAt, draft.endsAt)}, in UTC`}
      flush
    >
      {error === undefined ? null : <Failure error={error} retry={() => ask({ requestPolicy: "network-only" })} />}
      <div className="draft-head">
        <div>
          <div className="figure-value">
            {draft === undefined ? <Skeleton height={30} width={140} /> : paid(draft.total, draft.currency)}
          </div>
          <div className="dim small">
            {draft === undefined ? (
              <Skeleton height={14} width={220} />
            ) : (
              <span title={utc(draft.issuableAt)}>
                {nextStep(draft, openedAt)} {fromNow(draft.issuableAt, openedAt)}, {utc(draft.issuableAt)}
              </span>
            )}
          </div>
        </div>
        {draft === undefined ? null : <TotalsList of={draft} totalName="So far" />}
      </div>
      {draft === undefined || draft.lines.length === 0 ? (
        <p className="dim padded">{draft === undefined ? "" : "Nothing was used yet, and no fee is due."}</p>
      ) : (
        <LineTable lines={draft.lines} currency={draft.currency} />
      )}
    </Panel>
  );
}

function nextStep({ endsAt }: { endsAt: string }, now: number): string {
  return new Date(endsAt).getTime() <= now ? "The period is over. Its invoice is issued" : "The invoice is issued";
}
