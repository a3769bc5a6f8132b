import { Button, Select } from "@mantine/core";
import { useState } from "react";
import { useMutation, useQuery } from "urql";
import { Link } from "wouter";
import { Id } from "../../components/copy.tsx";
import { Page, Panel } from "../../components/page.tsx";
import { Pager, usePages } from "../../components/pager.tsx";
import { Failure, Waiting } from "../../components/states.tsx";
import { When } from "../../components/time.tsx";
import { useWhileVisible } from "../../components/while-visible.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import { useMay } from "../../session/who.tsx";
import { Deliveries } from "./deliveries.tsx";
import { type DeliveryStatus, statusNames } from "./delivery-state.tsx";
import { EndpointActions } from "./endpoint-actions.tsx";
import { type Endpoint, EndpointState, EventChips } from "./webhook-state.tsx";

const WebhookDocument = graphql(`
  query Webhook($id: ID!, $after: String, $status: WebhookDeliveryStatus) {
    node(id: $id) {
      __typename
      ... on WebhookEndpoint {
        ...EndpointShown
      }
    }
    webhookEventTypes {
      name
      description
    }
    webhookDeliveries(endpointId: $id, first: 25, after: $after, status: $status) {
      nodes {
        ...DeliveryShown
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

const SendTestDocument = graphql(`
  mutation SendTest($input: WebhookEndpointIdInput!) {
    sendTestWebhook(input: $input) {
      ...DeliveryShown
    }
  }
`);

/** One endpoint, and what was sent to it. */
export function WebhookPage({ id }: { id: string }) {
  const pages = usePages();
  const [status, setStatus] = useState<DeliveryStatus>();
  const [{ data, error }, ask] = useQuery({
    query: WebhookDocument,
    variables: { id, after: pages.after, status: status ?? null },
    requestPolicy: "cache-and-network",
  });
  const again = () => ask({ requestPolicy: "network-only" });
  const deliveries = data?.webhookDeliveries.nodes;
  useWhileVisible(again, { everyMs: 2_000, isOn: deliveries?.some(isOnItsWay) ?? false });
  const endpoint = data?.node?.__typename === "WebhookEndpoint" ? data.node : undefined;
  return (
    <Page
      title="Webhook endpoint"
      lead={
        <span className="row">
          <Link href="/webhooks">Webhooks</Link>
          <span aria-hidden="true">/</span>
          <Id value={id} />
        </span>
      }
      actions={
        endpoint === undefined ? undefined : (
          <>
            <SendTest endpoint={endpoint} onSent={again} />
            <EndpointActions endpoint={endpoint} types={data?.webhookEventTypes ?? []} />
          </>
        )
      }
    >
      {error === undefined ? null : <Failure error={error} retry={again} />}
      {data === undefined && error === undefined ? <Waiting lines={4} height={28} /> : null}
      {endpoint === undefined ? null : (
        <>
          <Particulars endpoint={endpoint} />
          <Panel
            title="Deliveries"
            note="Each is sent again for three days until your server answers with 2xx."
            actions={
              <StatusChoice
                status={status}
                onStatus={(next) => {
                  setStatus(next);
                  pages.first();
                }}
              />
            }
            flush
          >
            <Deliveries rows={deliveries} isEnabled={endpoint.disabledAt === null} onReplayed={again} />
          </Panel>
          <Pager pages={pages} pageInfo={data?.webhookDeliveries.pageInfo} />
        </>
      )}
    </Page>
  );
}

function isOnItsWay({ status }: { status: DeliveryStatus }): boolean {
  return status === "PENDING";
}

function SendTest({ endpoint, onSent }: { endpoint: Endpoint; onSent: () => void }) {
  const [{ error, fetching }, sendTest] = useMutation(SendTestDocument);
  if (!useMay("webhooks:write") || endpoint.disabledAt !== null) return null;
  return (
    <>
      {error === undefined ? null : <Failure error={error} />}
      <Button
        variant="default"
        loading={fetching}
        onClick={() => void sendTest({ input: { id: endpoint.id } }).then(onSent)}
      >
        Send a test
      </Button>
    </>
  );
}

interface StatusChoiceProps {
  status: DeliveryStatus | undefined;
  onStatus: (status: DeliveryStatus | undefined) => void;
}

function StatusChoice({ status, onStatus }: StatusChoiceProps) {
  return (
    <Select
      aria-label="Status"
      size="xs"
      w={140}
      clearable
      placeholder="Any status"
      data={Object.entries(statusNames).map(([value, label]) => ({ value, label }))}
      value={status ?? null}
      onChange={(value) => onStatus((value as DeliveryStatus | null) ?? undefined)}
    />
  );
}

function Particulars({ endpoint }: { endpoint: Endpoint }) {
  const { url, description, events, secretVersion, previousSecretExpiresAt, createdAt } = endpoint;
  const isOverlapping = previousSecretExpiresAt !== null && new Date(previousSecretExpiresAt) > new Date();
  return (
    <Panel>
      <div className="stack">
        <div className="stack-tight left-text">
          <span className="strong break">{url}</span>
          {description === "" ? null : <span className="dim">{description}</span>}
        </div>
        <dl className="facts wide">
          <div>
            <dt className="dim small">State</dt>
            <dd>
              <EndpointState endpoint={endpoint} />
            </dd>
          </div>
          <div>
            <dt className="dim small">Told of</dt>
            <dd>
              <EventChips events={events} />
            </dd>
          </div>
          <div>
            <dt className="dim small">Secret</dt>
            <dd>
              Number {secretVersion}
              {isOverlapping ? (
                <span className="dim small">
                  ; the one before signs too, until <When at={previousSecretExpiresAt} />
                </span>
              ) : null}
            </dd>
          </div>
          <div>
            <dt className="dim small">Added</dt>
            <dd>
              <When at={createdAt} />
            </dd>
          </div>
        </dl>
      </div>
    </Panel>
  );
}
