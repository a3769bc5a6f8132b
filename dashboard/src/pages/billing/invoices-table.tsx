import type { ReactNode } from "react";
import { Link } from "wouter";
import { type Column, DataTable } from "../../components/data-table.tsx";
import { day, days, paid } from "../../format.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import type { InvoiceListedFragment } from "../../graphql/generated/graphql.ts";
import { InvoiceState } from "./invoice-state.tsx";

graphql(`
  fragment InvoiceListed on Invoice {
    id
    number
    kind
    state
    startsAt
    endsAt
    dueAt
    total
    currency
    customer {
      name
    }
  }
`);

interface InvoicesTableProps {
  invoices: readonly InvoiceListedFragment[] | undefined;
  empty: ReactNode;
  /** For who sees more than one tenant's. */
  showsCustomer?: boolean;
}

/** Invoices and credit notes, newest first; each opens. */
export function InvoicesTable({ invoices, empty, showsCustomer = false }: InvoicesTableProps) {
  const customer: Column<InvoiceListedFragment> = { head: "Tenant", cell: (invoice) => invoice.customer.name };
  const columns: Column<InvoiceListedFragment>[] = [
    {
      head: "Number",
      cell: ({ id, number }) => (
        <Link className="text-link strong" href={`/billing/invoices/${id}`}>
          {number}
        </Link>
      ),
    },
    ...(showsCustomer ? [customer] : []),
    { head: "Period", cell: ({ startsAt, endsAt }) => days(startsAt, endsAt) },
    { head: "State", cell: (invoice) => <InvoiceState invoice={invoice} /> },
    { head: "Due", cell: ({ kind, dueAt }) => (kind === "CREDIT_NOTE" ? <span className="dim">–</span> : day(dueAt)) },
    {
      head: "Amount",
      isNumber: true,
      cell: ({ total, currency }) => <span className="strong">{paid(total, currency)}</span>,
    },
  ];
  return (
    <DataTable
      label="Invoices"
      columns={columns}
      rows={invoices}
      keyOf={({ id }) => id}
      empty={empty}
      waitingRows={3}
    />
  );
}
