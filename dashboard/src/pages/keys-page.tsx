import { ActionIcon, Button, Menu } from "@mantine/core";
import { useState } from "react";
import { useQuery } from "urql";
import { Id } from "../components/copy.tsx";
import { type Column, DataTable } from "../components/data-table.tsx";
import { Icon } from "../components/icons.tsx";
import { Badge, Page, Panel } from "../components/page.tsx";
import { Pager, usePages } from "../components/pager.tsx";
import { Empty, Failure } from "../components/states.tsx";
import { When } from "../components/time.tsx";
import { graphql } from "../graphql/generated/gql.ts";
import type { KeysQuery } from "../graphql/generated/graphql.ts";
import { useMay } from "../session/who.tsx";
import { type IssuedSecret, IssueKey, RevokeKey, RotateKey } from "./key-dialogs.tsx";
import { SecretOnce } from "./secret-once.tsx";

const KeysDocument = graphql(`
  query Keys($after: String) {
    apiKeys(first: 25, after: $after) {
      nodes {
        id
        name
        prefix
        permissions
        allowedCidrs
        createdAt
        expiresAt
        lastUsedAt
        revokedAt
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

export type Key = KeysQuery["apiKeys"]["nodes"][number];

type Doing = { what: "ISSUE" } | { what: "ROTATE" | "REVOKE"; key: Key } | { what: "SHOW"; issued: IssuedSecret };

export function KeysPage() {
  const pages = usePages();
  const [doing, setDoing] = useState<Doing>();
  const [{ data, error }, ask] = useQuery({ query: KeysDocument, variables: { after: pages.after } });
  const mayWrite = useMay("keys:write");
  const issue = (
    <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setDoing({ what: "ISSUE" })}>
      Issue key
    </Button>
  );
  return (
    <Page
      title="API keys"
      lead="What your machines ask with. A secret is shown once."
      actions={mayWrite ? issue : undefined}
    >
      {error === undefined ? null : <Failure error={error} retry={() => ask({ requestPolicy: "network-only" })} />}
      <Panel flush>
        <DataTable
          label="API keys"
          columns={columnsFor(mayWrite ? setDoing : undefined)}
          rows={data?.apiKeys.nodes}
          keyOf={(key) => key.id}
          empty={
            <Empty icon="keys" title="No API keys yet" action={mayWrite ? issue : undefined}>
              A key lets a program ask models. Give it no more than it needs.
            </Empty>
          }
        />
      </Panel>
      <Pager pages={pages} pageInfo={data?.apiKeys.pageInfo} />
      <KeyDialogs doing={doing} onDone={setDoing} onIssued={pages.first} />
    </Page>
  );
}

interface DialogsProps {
  doing: Doing | undefined;
  onDone: (next: Doing | undefined) => void;
  onIssued: () => void;
}

function KeyDialogs({ doing, onDone, onIssued }: DialogsProps) {
  const close = () => onDone(undefined);
  const show = (issued: IssuedSecret) => {
    onIssued();
    onDone({ what: "SHOW", issued });
  };
  switch (doing?.what) {
    case undefined:
      return null;
    case "ISSUE":
      return <IssueKey onClose={close} onIssued={show} />;
    case "ROTATE":
      return <RotateKey apiKey={doing.key} onClose={close} onIssued={show} />;
    case "REVOKE":
      return <RevokeKey apiKey={doing.key} onClose={close} />;
    case "SHOW":
      return <SecretOnce {...doing.issued} onClose={close} />;
  }
}

function columnsFor(start: ((doing: Doing) => void) | undefined): Column<Key>[] {
  const columns: Column<Key>[] = [
    {
      head: "Name",
      cell: (key) => (
        <div className="stack-tight">
          <span className="strong">{key.name}</span>
          <code className="dim small">{key.prefix}…</code>
        </div>
      ),
    },
    { head: "State", cell: (key) => <KeyState apiKey={key} /> },
    { head: "May", cell: (key) => <Permissions names={key.permissions} cidrs={key.allowedCidrs} /> },
    { head: "Last used", cell: (key) => <When at={key.lastUsedAt} /> },
    { head: "Expires", cell: (key) => <When at={key.expiresAt} /> },
    { head: "Id", cell: (key) => <Id value={key.id} /> },
  ];
  if (start === undefined) return columns;
  return [...columns, { head: "Actions", isAction: true, cell: (key) => <KeyActions apiKey={key} start={start} /> }];
}

function KeyState({ apiKey }: { apiKey: Key }) {
  if (apiKey.revokedAt !== null) return <Badge tone="bad">Revoked</Badge>;
  if (apiKey.expiresAt !== null && new Date(apiKey.expiresAt) <= new Date()) return <Badge>Expired</Badge>;
  return <Badge tone="good">Active</Badge>;
}

function Permissions({ names, cidrs }: { names: readonly string[]; cidrs: readonly string[] }) {
  return (
    <div className="stack-tight">
      <span className="chips">
        {names.map((name) => (
          <code key={name} className="chip">
            {name}
          </code>
        ))}
      </span>
      {cidrs.length === 0 ? null : <span className="dim small">from {cidrs.join(", ")}</span>}
    </div>
  );
}

function KeyActions({ apiKey, start }: { apiKey: Key; start: (doing: Doing) => void }) {
  if (apiKey.revokedAt !== null) return null;
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={`Actions for ${apiKey.name}`}>
          <Icon name="more" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          leftSection={<Icon name="refresh" size={16} />}
          onClick={() => start({ what: "ROTATE", key: apiKey })}
        >
          Rotate
        </Menu.Item>
        <Menu.Item
          color="red"
          leftSection={<Icon name="trash" size={16} />}
          onClick={() => start({ what: "REVOKE", key: apiKey })}
        >
          Revoke
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
