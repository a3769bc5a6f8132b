import { Button } from "@mantine/core";
import { useState } from "react";
import { useQuery } from "urql";
import { Page, Panel } from "../../components/page.tsx";
import { Pager, usePages } from "../../components/pager.tsx";
import { Empty, Failure, Waiting } from "../../components/states.tsx";
import { graphql } from "../../graphql/generated/gql.ts";
import { useMay, useSession } from "../../session/who.tsx";
import { ChangePlan } from "../tenant/change-plan.tsx";
import { CreditsPanel } from "./credits-panel.tsx";
import { DetailsPanel } from "./details-panel.tsx";
import { DraftPanel } from "./draft-panel.tsx";
import { InvoicesTable } from "./invoices-table.tsx";
import { PlanPanel } from "./plan-panel.tsx";

const BillingDocument = graphql(`
  query Billing($after: String) {
    tenant {
      id
      subscriptions {
        ...SubscriptionShown
      }
    }
    invoices(first: 12, after: $after) {
      nodes {
        ...InvoiceListed
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
    creditBalance {
      amount
      currency
    }
    creditGrants(first: 20) {
      nodes {
        ...CreditGrantShown
      }
    }
    billingDetails {
      ...BillingDetailsShown
    }
  }
`);

/** What a tenant pays, has paid and will be asked for. The draft is read apart: books that do not agree hide no invoice. */
export function BillingPage() {
  const pages = usePages();
  const [{ data, error }, ask] = useQuery({
    query: BillingDocument,
    variables: { after: pages.after },
    requestPolicy: "cache-and-network",
  });
  const [isChanging, setChanging] = useState(false);
  const mayMove = useMay("subscriptions:write");
  const { tenantName } = useSession().who;
  const change = (
    <Button size="xs" variant="default" disabled={data === undefined} onClick={() => setChanging(true)}>
      Change plan
    </Button>
  );
  return (
    <Page title="Billing" lead="What you are on, what this period comes to, and what you were asked for.">
      {error === undefined ? null : <Failure error={error} retry={() => ask({ requestPolicy: "network-only" })} />}
      <DraftPanel tenantId={undefined} />
      <Panel
        title="Invoices"
        note="Issued by itself when a period is over. Each opens down to the days that it is made of."
        flush
      >
        <InvoicesTable
          invoices={data?.invoices.nodes}
          empty={
            <Empty icon="billing" title="No invoices yet">
              The first one is issued when the running period is over.
            </Empty>
          }
        />
      </Panel>
      <Pager pages={pages} pageInfo={data?.invoices.pageInfo} />
      <Panel title="Plan" actions={mayMove ? change : undefined} flush>
        {data === undefined ? <Waiting lines={4} /> : <PlanPanel subscriptions={data.tenant.subscriptions} />}
      </Panel>
      <div className="grid">
        <Panel title="Credits" note="Paid ahead, and taken off invoices in this order" flush>
          {data === undefined ? (
            <Waiting lines={3} />
          ) : (
            <CreditsPanel balance={data.creditBalance} grants={data.creditGrants.nodes} />
          )}
        </Panel>
        <DetailsPanel details={data?.billingDetails} />
      </div>
      {isChanging && data !== undefined ? (
        <ChangePlan
          tenantId={undefined}
          tenant={{ name: tenantName ?? "", currency: data.creditBalance.currency }}
          onClose={() => setChanging(false)}
          onDone={() => ask({ requestPolicy: "network-only" })}
        />
      ) : null}
    </Page>
  );
}
