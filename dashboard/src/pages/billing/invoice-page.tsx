import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { useQuery } from "urql";
import { Link } from "wouter";
import { useDownload } from "../../components/download.tsx";
import { Icon } from "../../components/icons.tsx";
import { Page, Panel } from "../../components/page.tsx";
import { Failure, Waiting } from "../../components/states.tsx";
import { day, days, paid, utc } from "../../format.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import type { InvoiceQuery } from "../../graphql/generated/graphql.ts";
import { useMay, useSession } from "../../session/who.tsx";
import { InvoiceActions } from "./invoice-actions.tsx";
import { InvoiceState } from "./invoice-state.tsx";
import { InvoicesTable } from "./invoices-table.tsx";
import { LineTable, TotalsList } from "./line-table.tsx";

const InvoiceDocument = graphql(`
  query Invoice($id: ID!) {
    invoice(id: $id) {
      id
      number
      kind
      state
      correctsId
      reason
      startsAt
      endsAt
      issuedAt
      dueAt
      paidAt
      paymentReference
      voidedAt
      currency
      subtotal
      taxRatePpm
      tax
      credits
      total
      pdfPath
      csvPath
      tenantId
      seller {
        name
        address
        taxId
      }
      customer {
        name
        address
        taxId
      }
      lines {
        ...InvoiceLineShown
      }
      creditNotes {
        ...InvoiceListed
      }
    }
  }
`);

export type Invoice = InvoiceQuery["invoice"];

/** One invoice or credit note, down to the days that its lines are made of. */
export function InvoicePage({ id }: { id: string }) {
  const [{ data, error }, ask] = useQuery({
    query: InvoiceDocument,
    variables: { id },
    requestPolicy: "cache-and-network",
  });
  const isOperator = useSession().who.kind === "OPERATOR";
  const invoice = data?.invoice;
  return (
    <Page
      title={invoice?.number ?? "Invoice"}
      lead={
        <Link className="text-link" href={isOperator ? "/invoices" : "/billing"}>
          {isOperator ? "All invoices" : "Billing"}
        </Link>
      }
      actions={invoice === undefined ? undefined : <Downloads invoice={invoice} />}
    >
      {error === undefined ? null : <Failure error={error} retry={() => ask({ requestPolicy: "network-only" })} />}
      {invoice === undefined && error === undefined ? <Waiting lines={10} height={24} /> : null}
      {invoice === undefined ? null : <Whole invoice={invoice} />}
    </Page>
  );
}

function Whole({ invoice }: { invoice: Invoice }) {
  const mayCorrect = useMay("invoices:write");
  return (
    <>
      <Head invoice={invoice} actions={mayCorrect ? <InvoiceActions invoice={invoice} /> : undefined} />
      <Panel title="Lines" note="Open one to see its days and its price version" flush>
        <LineTable lines={invoice.lines} currency={invoice.currency} />
        <TotalsList of={invoice} totalName={invoice.kind === "CREDIT_NOTE" ? "In your favour" : "To pay"} />
      </Panel>
      {invoice.creditNotes.length === 0 ? null : (
        <Panel title="Credit notes" note="What was given back of it" flush>
          <InvoicesTable invoices={invoice.creditNotes} empty={null} />
        </Panel>
      )}
    </>
  );
}

function Downloads({ invoice }: { invoice: Invoice }) {
  const download = useDownload();
  return (
    <>
      {[
        { name: "PDF", path: invoice.pdfPath },
        { name: "CSV", path: invoice.csvPath },
      ].map(({ name, path }) => (
        <Button
          key={name}
          variant="default"
          leftSection={<Icon name="download" size={16} />}
          onClick={() => void download(path, `${invoice.number}.${name.toLowerCase()}`)}
        >
          {name}
        </Button>
      ))}
    </>
  );
}

function Head({ invoice, actions }: { invoice: Invoice; actions: ReactNode }) {
  const isOperator = useSession().who.kind === "OPERATOR";
  return (
    <Panel>
      <div className="invoice-head">
        <div>
          <p className="row">
            <span className="figure-value">{paid(invoice.total, invoice.currency)}</span>
            <InvoiceState invoice={invoice} />
          </p>
          <p className="dim">{whatBecameOf(invoice)}</p>
          {invoice.reason === null ? null : <p>“{invoice.reason}”</p>}
          {isOperator ? (
            <p>
              <Link className="text-link" href={`/tenants/${invoice.tenantId}`}>
                {invoice.customer.name}
              </Link>
            </p>
          ) : null}
          {invoice.correctsId === null ? null : (
            <Link className="text-link" href={`/billing/invoices/${invoice.correctsId}`}>
              The invoice that it corrects
            </Link>
          )}
        </div>
        {actions}
      </div>
      <dl className="facts wide">
        <Fact name="Period" value={`${days(invoice.startsAt, invoice.endsAt)}, in UTC`} />
        <Fact name="Issued" value={utc(invoice.issuedAt)} />
        <Party name="From" party={invoice.seller} />
        <Party name="To" party={invoice.customer} />
      </dl>
    </Panel>
  );
}

function whatBecameOf(invoice: Invoice): string {
  if (invoice.voidedAt !== null) return `Taken back on ${day(invoice.voidedAt)}. Its number stays taken.`;
  if (invoice.paidAt !== null) {
    const by = invoice.paymentReference ? `, by ${invoice.paymentReference}` : "";
    return `${invoice.kind === "CREDIT_NOTE" ? "Paid back" : "Paid"} on ${day(invoice.paidAt)}${by}.`;
  }
  return invoice.kind === "CREDIT_NOTE" ? "Given back of an invoice." : `To be paid by ${day(invoice.dueAt)}.`;
}

function Party({ name, party }: { name: string; party: Invoice["seller"] }) {
  const text = [party.name, party.address, party.taxId].filter((part) => part !== "").join("\n");
  return <Fact name={name} value={text === "" ? "Not set" : text} />;
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt className="dim small">{name}</dt>
      <dd className="lines-kept">{value}</dd>
    </div>
  );
}
