import { useState } from "react";
import { useQuery } from "urql";
import { Link } from "wouter";
import { Id } from "../../components/copy.tsx";
import { Page, Panel } from "../../components/page.tsx";
import { Pager, usePages } from "../../components/pager.tsx";
import { Failure, Waiting } from "../../components/states.tsx";
import { graphql } from "../../graphql/generated/gql.ts";
import type { ManagedTenantQuery } from "../../graphql/generated/graphql.ts";
import { CreditsPanel } from "../billing/credits-panel.tsx";
import { DetailsList } from "../billing/details-panel.tsx";
import { DraftPanel } from "../billing/draft-panel.tsx";
import { InvoicesTable } from "../billing/invoices-table.tsx";
import { PlanPanel } from "../billing/plan-panel.tsx";
import { LimitList } from "../plans/limit-list.tsx";
import { type Doing, DoingButton, TenantDialogs } from "./tenant-dialogs.tsx";

const ManagedTenantDocument = graphql(`
  query ManagedTenant($id: ID!, $after: String) {
    managedTenant(id: $id) {
      id
      name
      currency
      createdAt
      subscriptions {
        ...SubscriptionShown
      }
    }
    invoices(first: 12, after: $after, tenantId: $id) {
      nodes {
        ...InvoiceListed
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
    creditBalance(tenantId: $id) {
      amount
      currency
    }
    creditGrants(first: 20, tenantId: $id) {
      nodes {
        ...CreditGrantShown
      }
    }
    billingDetails(tenantId: $id) {
      ...BillingDetailsShown
    }
    tenantLimits(tenantId: $id) {
      id
      apiKeyId
      replacesPlan
      createdAt
      kind
      mode
      meter
      modelId
      modelName
      period
      limit
      refillPerSecond
    }
  }
`);

export type TenantLimit = ManagedTenantQuery["tenantLimits"][number];

/** One tenant as an operator sees it: what it is on and what it pays, and nothing of what it asks. */
export function TenantPage({ id }: { id: string }) {
  const pages = usePages();
  const [doing, setDoing] = useState<Doing>();
  const [{ data, error }, ask] = useQuery({
    query: ManagedTenantDocument,
    variables: { id, after: pages.after },
    requestPolicy: "cache-and-network",
  });
  const again = () => ask({ requestPolicy: "network-only" });
  return (
    <Page
      title={data?.managedTenant.name ?? "Tenant"}
      lead={
        <Link className="text-link" href="/tenants">
          All tenants
        </Link>
      }
      actions={<Id value={id} />}
    >
      {error === undefined ? null : <Failure error={error} retry={again} />}
      {data === undefined && error === undefined ? <Waiting lines={10} height={28} /> : null}
      {data === undefined ? null : <Parts of={data} onDo={setDoing} />}
      <Pager pages={pages} pageInfo={data?.invoices.pageInfo} />
      {data === undefined ? null : <LimitsPanel of={data} onDo={setDoing} />}
      {doing === undefined || data === undefined ? null : (
        <TenantDialogs
          doing={doing}
          tenant={data.managedTenant}
          terms={data.billingDetails}
          onClose={() => setDoing(undefined)}
          onDone={again}
        />
      )}
    </Page>
  );
}

interface PartsProps {
  of: ManagedTenantQuery;
  onDo: (doing: Doing) => void;
}

function Parts({ of, onDo }: PartsProps) {
  const { managedTenant, creditBalance, creditGrants, billingDetails, invoices } = of;
  return (
    <>
      <Panel title="Plan" actions={<DoingButton what="PLAN" label="Change plan" onDo={onDo} />} flush>
        <PlanPanel subscriptions={managedTenant.subscriptions} />
      </Panel>
      <DraftPanel tenantId={managedTenant.id} />
      <div className="grid">
        <Panel title="Credits" actions={<DoingButton what="CREDIT" label="Grant credit" onDo={onDo} />} flush>
          <CreditsPanel balance={creditBalance} grants={creditGrants.nodes} />
        </Panel>
        <Panel title="Billing" actions={<DoingButton what="TERMS" label="Set terms" onDo={onDo} />}>
          <DetailsList details={billingDetails} />
        </Panel>
      </div>
      <Panel
        title="Invoices"
        note="Issued by itself an hour after a period, or here"
        actions={<DoingButton what="ISSUE" label="Issue invoice" onDo={onDo} />}
        flush
      >
        <InvoicesTable invoices={invoices.nodes} empty={<p className="dim padded">None was issued yet.</p>} />
      </Panel>
    </>
  );
}

function LimitsPanel({ of, onDo }: PartsProps) {
  const { currency } = of.managedTenant;
  return (
    <Panel
      title="Limits of its own"
      note="Yours take the place of the plan's of the same kind; the tenant's own hold beside them"
      actions={<DoingButton what="LIMIT" label="Set limit" onDo={onDo} />}
      flush
    >
      <LimitList
        limits={of.tenantLimits}
        currency={currency}
        empty="None: those of its plan hold."
        origin={{ head: "Set for", cell: originOf }}
        actions={(limit) =>
          limit.replacesPlan ? <DoingButton what="REMOVE" limit={limit} label="Remove" onDo={onDo} /> : null
        }
      />
    </Panel>
  );
}

function originOf({ apiKeyId, replacesPlan }: TenantLimit): string {
  if (apiKeyId !== null) return "One of its API keys, by itself";
  return replacesPlan ? "The tenant, by an operator" : "The tenant, by itself";
}
