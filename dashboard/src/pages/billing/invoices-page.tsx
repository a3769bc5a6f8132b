import { useQuery } from "urql";
import { Page, Panel } from "../../components/page.tsx";
import { Pager, usePages } from "../../components/pager.tsx";
import { Empty, Failure } from "../../components/states.tsx";
import { graphql } from "../../graphql/generated/gql.ts";
import { InvoicesTable } from "./invoices-table.tsx";

const InvoicesDocument = graphql(`
  query Invoices($after: String) {
    invoices(first: 25, after: $after) {
      nodes {
        ...InvoiceListed
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

/** The invoices of every tenant, for operators. */
export function InvoicesPage() {
  const pages = usePages();
  const [{ data, error }, ask] = useQuery({
    query: InvoicesDocument,
    variables: { after: pages.after },
    requestPolicy: "cache-and-network",
  });
  return (
    <Page title="Invoices" lead="What every tenant was asked for, newest first.">
      {error === undefined ? null : <Failure error={error} retry={() => ask({ requestPolicy: "network-only" })} />}
      <Panel flush>
        <InvoicesTable
          invoices={data?.invoices.nodes}
          showsCustomer
          empty={
            <Empty icon="billing" title="No invoices yet">
              Each is issued by itself when a tenant's period is over.
            </Empty>
          }
        />
      </Panel>
      <Pager pages={pages} pageInfo={data?.invoices.pageInfo} />
    </Page>
  );
}
