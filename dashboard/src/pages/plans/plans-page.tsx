import { Button } from "@mantine/core";
import { useQuery } from "urql";
import { Link } from "wouter";
import { DataTable } from "../../components/data-table.tsx";
import { Icon } from "../../components/icons.tsx";
import { Badge, Page, Panel } from "../../components/page.tsx";
import { Empty, Failure } from "../../components/states.tsx";
import { When } from "../../components/time.tsx";
import { exact } from "../../format.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import { type Price, priceLines } from "./price-list.tsx";

const PlansDocument = graphql(`
  query Plans {
    plans {
      id
      name
      version
      currency
      flatFeeMicros
      isSelfService
      versionCreatedAt
      prices {
        ...PriceShown
      }
    }
  }
`);

/** What tenants can be put on, for operators. */
export function PlansPage() {
  const [{ data, error }, ask] = useQuery({ query: PlansDocument, requestPolicy: "cache-and-network" });
  const make = (
    <Button component={Link} href="/plans/new" leftSection={<Icon name="plus" size={16} />}>
      New plan
    </Button>
  );
  return (
    <Page title="Plans" lead="Prices and limits that tenants are on. A change is a new version." actions={make}>
      {error === undefined ? null : <Failure error={error} retry={() => ask({ requestPolicy: "network-only" })} />}
      <Panel flush>
        <DataTable
          label="Plans"
          columns={[
            {
              head: "Plan",
              cell: ({ name, version }) => (
                <span className="row">
                  <Link className="text-link strong" href={`/plans/${name}`}>
                    {name}
                  </Link>
                  <Badge>v{version}</Badge>
                </span>
              ),
            },
            { head: "For", cell: ({ isSelfService }) => (isSelfService ? "Owners choose it" : "Operators alone") },
            { head: "Changed", cell: ({ versionCreatedAt }) => <When at={versionCreatedAt} /> },
            { head: "Inputs", cell: ({ prices, currency }) => inputsPrice(prices, currency) },
            { head: "Fee of a period", isNumber: true, cell: (plan) => exact(plan.flatFeeMicros, plan.currency) },
          ]}
          rows={data?.plans}
          keyOf={({ id }) => id}
          empty={
            <Empty icon="plans" title="No plans yet" action={make}>
              A tenant needs a plan before it can ask anything.
            </Empty>
          }
        />
      </Panel>
    </Page>
  );
}

/** The price of all models in a word; that of tiers begins with the first. */
function inputsPrice(prices: readonly Price[], currency: string): string {
  const price = prices.find(({ meter, modelId }) => meter === "inputs" && modelId === null);
  if (price === undefined) return "No price";
  const [first = "", ...others] = priceLines(price, currency);
  return others.length === 0 ? first : `${first}, …`;
}
