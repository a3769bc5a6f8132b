import { ActionIcon, Menu } from "@mantine/core";
import { useState } from "react";
import { useMutation } from "urql";
import { useLocation } from "wouter";
import { Icon } from "../../components/icons.tsx";
import { Failure } from "../../components/states.tsx";
import { graphql } from "../../graphql/generated/gql.ts";
import { useMay } from "../../session/who.tsx";
import { DeleteEndpoint, EditEndpoint, RotateSecret } from "./endpoint-dialogs.tsx";
import type { Endpoint } from "./webhook-state.tsx";
import type { EventType } from "./webhooks-page.tsx";

const EnableDocument = graphql(`
  mutation EnableEndpoint($input: WebhookEndpointIdInput!) {
    enableWebhookEndpoint(input: $input) {
      ...EndpointShown
    }
  }
`);

const DisableDocument = graphql(`
  mutation DisableEndpoint($input: WebhookEndpointIdInput!) {
    disableWebhookEndpoint(input: $input) {
      ...EndpointShown
    }
  }
`);

type Doing = "EDIT" | "ROTATE" | "DELETE";

/** Everything that can be done with an endpoint; nothing for who may only look. */
export function EndpointActions({ endpoint, types }: { endpoint: Endpoint; types: EventType[] }) {
  const [doing, setDoing] = useState<Doing>();
  const [enabled, enable] = useMutation(EnableDocument);
  const [disabled, disable] = useMutation(DisableDocument);
  const [location, goTo] = useLocation();
  if (!useMay("webhooks:write")) return null;
  const failure = enabled.error ?? disabled.error;
  const input = { id: endpoint.id };
  const close = () => setDoing(undefined);
  const deleted = () => {
    if (location === "/webhooks") close();
    else goTo("/webhooks");
  };
  return (
    <>
      {failure === undefined ? null : <Failure error={failure} />}
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={`Actions for ${endpoint.url}`}>
            <Icon name="more" />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<Icon name="settings" size={16} />} onClick={() => setDoing("EDIT")}>
            Change
          </Menu.Item>
          <Menu.Item leftSection={<Icon name="refresh" size={16} />} onClick={() => setDoing("ROTATE")}>
            Rotate secret
          </Menu.Item>
          {endpoint.disabledAt === null ? (
            <Menu.Item leftSection={<Icon name="pause" size={16} />} onClick={() => void disable({ input })}>
              Disable
            </Menu.Item>
          ) : (
            <Menu.Item leftSection={<Icon name="check" size={16} />} onClick={() => void enable({ input })}>
              Enable
            </Menu.Item>
          )}
          <Menu.Item color="red" leftSection={<Icon name="trash" size={16} />} onClick={() => setDoing("DELETE")}>
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {doing === "EDIT" ? <EditEndpoint endpoint={endpoint} types={types} onClose={close} /> : null}
      {doing === "ROTATE" ? <RotateSecret endpoint={endpoint} onClose={close} /> : null}
      {doing === "DELETE" ? <DeleteEndpoint endpoint={endpoint} onClose={close} onDeleted={deleted} /> : null}
    </>
  );
}
