import { Button, Select, Text } from "@mantine/core";
import { useState } from "react";
import { useMutation } from "urql";
import { Failure } from "../../components/states.tsx";
import { graphql } from "../../graphql/generated/gql.ts";
import { FormDialog } from "../key-dialogs.tsx";
import { type EndpointDraft, EndpointFields, isComplete } from "./endpoint-fields.tsx";
import { WebhookSecret } from "./webhook-secret.tsx";
import type { Endpoint } from "./webhook-state.tsx";
import type { EventType } from "./webhooks-page.tsx";

interface CreateProps {
  types: EventType[];
  onClose: () => void;
  onCreated: () => void;
}

export function CreateEndpoint({ types, onClose, onCreated }: CreateProps) {
  const [draft, setDraft] = useState<EndpointDraft>({ url: "", description: "", events: [] });
  const [{ data, error, fetching }, create] = useMutation(
    graphql(`
      mutation CreateEndpoint($input: CreateWebhookEndpointInput!) {
        createWebhookEndpoint(input: $input) {
          secret
          endpoint {
            ...EndpointShown
          }
        }
      }
    `),
  );
  if (data) return <WebhookSecret url={draft.url} secret={data.createWebhookEndpoint.secret} onClose={onClose} />;
  const submit = async () => {
    const { data: made } = await create({ input: draft });
    if (made) onCreated();
  };
  return (
    <FormDialog title="Add an endpoint" onClose={onClose} onSubmit={submit}>
      {error === undefined ? null : <Failure error={error} />}
      <EndpointFields draft={draft} types={types} onDraft={setDraft} />
      <Button type="submit" loading={fetching} disabled={!isComplete(draft)}>
        Add endpoint
      </Button>
    </FormDialog>
  );
}

interface EditProps {
  endpoint: Endpoint;
  types: EventType[];
  onClose: () => void;
}

export function EditEndpoint({ endpoint, types, onClose }: EditProps) {
  const { id, url, description, events } = endpoint;
  const [draft, setDraft] = useState<EndpointDraft>({ url, description, events: [...events] });
  const [{ error, fetching }, update] = useMutation(
    graphql(`
      mutation UpdateEndpoint($input: UpdateWebhookEndpointInput!) {
        updateWebhookEndpoint(input: $input) {
          ...EndpointShown
        }
      }
    `),
  );
  const submit = async () => {
    const { data } = await update({ input: { id, ...draft } });
    if (data) onClose();
  };
  return (
    <FormDialog title="Change the endpoint" onClose={onClose} onSubmit={submit}>
      {error === undefined ? null : <Failure error={error} />}
      <EndpointFields draft={draft} types={types} onDraft={setDraft} />
      <Button type="submit" loading={fetching} disabled={!isComplete(draft)}>
        Save
      </Button>
    </FormDialog>
  );
}

const overlaps = [
  { value: "86400", label: "For 1 day" },
  { value: "604800", label: "For 7 days" },
  { value: "3600", label: "For 1 hour" },
  { value: "0", label: "Not at all: it has leaked" },
];

export function RotateSecret({ endpoint, onClose }: { endpoint: Endpoint; onClose: () => void }) {
  const [overlap, setOverlap] = useState("86400");
  const [{ data, error, fetching }, rotate] = useMutation(
    graphql(`
      mutation RotateSecret($input: RotateWebhookSecretInput!) {
        rotateWebhookSecret(input: $input) {
          secret
          endpoint {
            ...EndpointShown
          }
        }
      }
    `),
  );
  if (data) return <WebhookSecret url={endpoint.url} secret={data.rotateWebhookSecret.secret} onClose={onClose} />;
  const submit = async () => {
    await rotate({ input: { id: endpoint.id, overlapSeconds: Number(overlap) } });
  };
  return (
    <FormDialog title="Rotate the secret" onClose={onClose} onSubmit={submit}>
      {error === undefined ? null : <Failure error={error} />}
      <Text size="sm">
        Each post carries a signature of both secrets meanwhile, so your server can change in its time.
      </Text>
      <Select
        data-autofocus
        label="The old secret still signs"
        data={overlaps}
        value={overlap}
        allowDeselect={false}
        onChange={(value) => setOverlap(value ?? "86400")}
      />
      <Button type="submit" loading={fetching}>
        Rotate
      </Button>
    </FormDialog>
  );
}

interface DeleteProps {
  endpoint: Endpoint;
  onClose: () => void;
  onDeleted: () => void;
}

export function DeleteEndpoint({ endpoint, onClose, onDeleted }: DeleteProps) {
  const [{ error, fetching }, remove] = useMutation(
    graphql(`
      mutation DeleteEndpoint($input: WebhookEndpointIdInput!) {
        deleteWebhookEndpoint(input: $input) {
          id
        }
      }
    `),
  );
  const submit = async () => {
    const { data } = await remove({ input: { id: endpoint.id } });
    if (data) onDeleted();
  };
  return (
    <FormDialog title="Delete the endpoint" onClose={onClose} onSubmit={submit}>
      {error === undefined ? null : <Failure error={error} />}
      <Text size="sm" className="break">
        {endpoint.url} is told nothing any more, and its deliveries are deleted with it. To stop for a while, disable
        it.
      </Text>
      <Button data-autofocus type="submit" color="red" loading={fetching}>
        Delete for good
      </Button>
    </FormDialog>
  );
}
