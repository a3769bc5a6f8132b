import { Button } from "@mantine/core";
import { useState } from "react";
import { useQuery } from "urql";
import { Link } from "wouter";
import { type Column, DataTable } from "../../components/data-table.tsx";
import { Icon } from "../../components/icons.tsx";
import { Page, Panel } from "../../components/page.tsx";
import { Pager, usePages } from "../../components/pager.tsx";
import { Empty, Failure } from "../../components/states.tsx";
import { When } from "../../components/time.tsx";
import { graphql } from "../../graphql/generated/gql.ts";
import type { WebhooksQuery } from "../../graphql/generated/graphql.ts";
import { useMay } from "../../session/who.tsx";
import { EndpointActions } from "./endpoint-actions.tsx";
import { CreateEndpoint } from "./endpoint-dialogs.tsx";
import { type Endpoint, EndpointState, EventChips } from "./webhook-state.tsx";

const WebhooksDocument = graphql(`
  query Webhooks($after: String) {
    webhookEndpoints(first: 25, after: $after) {
      nodes {
        ...EndpointShown
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
    webhookEventTypes {
      name
      description
    }
  }
`);

export type EventType = WebhooksQuery["webhookEventTypes"][number];

export function WebhooksPage() {
  const pages = usePages();
  const [isCreating, setCreating] = useState(false);
  const [{ data, error }, ask] = useQuery({
    query: WebhooksDocument,
    variables: { after: pages.after },
    requestPolicy: "cache-and-network",
  });
  const create = useMay("webhooks:write") ? (
    <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setCreating(true)}>
      Add endpoint
    </Button>
  ) : undefined;
  const types = data?.webhookEventTypes ?? [];
  return (
    <Page title="Webhooks" lead="What happens here is posted to your servers, signed." actions={create}>
      {error === undefined ? null : <Failure error={error} retry={() => ask({ requestPolicy: "network-only" })} />}
      <Panel flush>
        <DataTable
          label="Webhook endpoints"
          columns={columnsOf(types)}
          rows={data?.webhookEndpoints.nodes}
          keyOf={({ id }) => id}
          waitingRows={3}
          empty={
            <Empty icon="webhooks" title="No endpoints yet" action={create}>
              Add the URL of a server of yours to be told of jobs that end, limits that are reached and invoices.
            </Empty>
          }
        />
      </Panel>
      <Pager pages={pages} pageInfo={data?.webhookEndpoints.pageInfo} />
      {isCreating ? (
        <CreateEndpoint
          types={types}
          onClose={() => setCreating(false)}
          onCreated={() => ask({ requestPolicy: "network-only" })}
        />
      ) : null}
    </Page>
  );
}

function columnsOf(types: EventType[]): Column<Endpoint>[] {
  return [
    {
      head: "Endpoint",
      cell: ({ id, url, description }) => (
        <Link href={`/webhooks/${id}`} className="row-link stack-tight">
          <span className="strong break">{url}</span>
          {description === "" ? null : <span className="dim small">{description}</span>}
        </Link>
      ),
    },
    { head: "State", cell: (endpoint) => <EndpointState endpoint={endpoint} /> },
    { head: "Told of", cell: ({ events }) => <EventChips events={events} /> },
    { head: "Added", cell: ({ createdAt }) => <When at={createdAt} /> },
    {
      head: "Actions",
      isAction: true,
      cell: (endpoint) => <EndpointActions endpoint={endpoint} types={types} />,
    },
  ];
}
