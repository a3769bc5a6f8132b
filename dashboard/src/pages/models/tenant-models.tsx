import { useQuery } from "urql";
import { type Column, DataTable } from "../../components/data-table.tsx";
import { Panel } from "../../components/page.tsx";
import { Pager, usePages } from "../../components/pager.tsx";
import { Empty, Failure } from "../../components/states.tsx";
import { When } from "../../components/time.tsx";
import { words } from "../../format.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import type { TenantModelsQuery } from "../../graphql/generated/graphql.ts";
import { VersionState } from "./version-state.tsx";

const TenantModelsDocument = graphql(`
  query TenantModels($after: String) {
    hostedModels(first: 25, after: $after, owner: TENANT) {
      nodes {
        name
        task
        createdAt
        tenant {
          id
          name
        }
        versions {
          version
          state
          stateReason
          provider
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

type Hosted = TenantModelsQuery["hostedModels"]["nodes"][number];

const columns: Column<Hosted>[] = [
  { head: "Tenant", cell: ({ tenant }) => <span className="strong">{tenant?.name ?? "Unknown"}</span> },
  { head: "Model", cell: ({ name }) => name },
  { head: "Task", cell: ({ task }) => words(task) },
  {
    head: "Versions",
    cell: ({ versions }) => (
      <ul className="version-list">
        {versions.map(({ version, state, stateReason }) => (
          <li key={version}>
            <span className="dim">{version}</span>
            <VersionState state={state} reason={stateReason} />
          </li>
        ))}
      </ul>
    ),
  },
  { head: "Since", cell: ({ createdAt }) => <When at={createdAt} /> },
];

/** What tenants have registered for themselves, as far as whoever runs the machines has to know. */
export function TenantModels() {
  const pages = usePages();
  const [{ data, error }, ask] = useQuery({
    query: TenantModelsDocument,
    variables: { after: pages.after },
    requestPolicy: "cache-and-network",
  });
  return (
    <div className="below">
      <Panel
        title="Of tenants"
        note="Whose they are and how they stand; what they take and answer, tenants alone see."
        flush
      >
        {error === undefined ? null : <Failure error={error} retry={() => ask({ requestPolicy: "network-only" })} />}
        <DataTable
          label="Models of tenants"
          columns={columns}
          rows={data?.hostedModels.nodes}
          keyOf={({ name, tenant }) => `${tenant?.id} ${name}`}
          empty={
            <Empty icon="models" title="No tenant has registered a model">
              They run apart from the platform's.
            </Empty>
          }
        />
      </Panel>
      <Pager pages={pages} pageInfo={data?.hostedModels.pageInfo} />
    </div>
  );
}
