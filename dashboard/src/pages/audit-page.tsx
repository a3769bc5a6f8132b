import { useQuery } from "urql";
import { Id } from "../components/copy.tsx";
import { type Column, DataTable } from "../components/data-table.tsx";
import { Page, Panel } from "../components/page.tsx";
import { Pager, usePages } from "../components/pager.tsx";
import { Empty, Failure } from "../components/states.tsx";
import { When } from "../components/time.tsx";
import { words } from "../format.ts";
import { graphql } from "../graphql/generated/gql.ts";
import type { AuditQuery } from "../graphql/generated/graphql.ts";

const AuditDocument = graphql(`
  query Audit($after: String) {
    auditEvents(first: 50, after: $after) {
      nodes {
        id
        actorId
        action
        subjectId
        details
        occurredAt
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

type AuditEvent = AuditQuery["auditEvents"]["nodes"][number];

const columns: Column<AuditEvent>[] = [
  { head: "When", cell: ({ occurredAt }) => <When at={occurredAt} /> },
  { head: "What", cell: ({ action }) => <span className="strong">{words(action.replaceAll(".", "_"))}</span> },
  { head: "By", cell: ({ actorId }) => <Id value={actorId} /> },
  { head: "On", cell: ({ subjectId }) => <Id value={subjectId} /> },
  {
    head: "Details",
    cell: ({ details }) => (
      <span className="details">
        {Object.entries(details)
          .filter(isTelling)
          .map(([name, value]) => (
            <span key={name}>
              <span className="dim">{name}</span> {Array.isArray(value) ? value.join(", ") : String(value)}
            </span>
          ))}
      </span>
    ),
  },
];

export function AuditPage() {
  const pages = usePages();
  const [{ data, error }, ask] = useQuery({
    query: AuditDocument,
    variables: { after: pages.after },
    requestPolicy: "cache-and-network",
  });
  return (
    <Page title="Audit log" lead="Who did what to what. Nothing in it can be changed.">
      {error === undefined ? null : <Failure error={error} retry={() => ask({ requestPolicy: "network-only" })} />}
      <Panel flush>
        <DataTable
          label="Audit log"
          columns={columns}
          rows={data?.auditEvents.nodes}
          keyOf={({ id }) => id}
          empty={<Empty icon="audit" title="Nothing has happened yet" />}
          waitingRows={12}
        />
      </Panel>
      <Pager pages={pages} pageInfo={data?.auditEvents.pageInfo} />
    </Page>
  );
}

function isTelling([, value]: [string, unknown]): boolean {
  return !(Array.isArray(value) && value.length === 0);
}
