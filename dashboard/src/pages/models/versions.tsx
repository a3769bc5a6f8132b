import { ActionIcon, Button, Menu, Text } from "@mantine/core";
import { useState } from "react";
import { useMutation } from "urql";
import { Id } from "../../components/copy.tsx";
import { type Column, DataTable } from "../../components/data-table.tsx";
import { Icon } from "../../components/icons.tsx";
import { Panel } from "../../components/page.tsx";
import { Empty, Failure } from "../../components/states.tsx";
import { When } from "../../components/time.tsx";
import { graphql } from "../../graphql/generated/gql.ts";
import { FormDialog } from "../key-dialogs.tsx";
import type { OpenedModel, OpenedVersion } from "./model-page.tsx";
import { isMoving, VersionState } from "./version-state.tsx";

interface VersionsProps {
  model: OpenedModel;
  mayChange: boolean;
  onChanged: () => void;
}

const columns: Column<OpenedVersion>[] = [
  { head: "Version", cell: ({ version }) => <span className="strong">{version}</span> },
  { head: "State", cell: ({ state, stateReason }) => <VersionState state={state} reason={stateReason} /> },
  {
    head: "Runs on",
    cell: ({ state, provider, providerReason }) =>
      state === "READY" ? (
        <div className="stack-tight">
          <span>{provider}</span>
          {providerReason === null ? null : <span className="dim small reason">{providerReason}</span>}
        </div>
      ) : (
        <span className="dim">—</span>
      ),
  },
  {
    head: "Signature",
    cell: ({ state, inputs, outputs }) => {
      if (inputs.length > 0) return <Signature inputs={inputs} outputs={outputs} />;
      return <span className="dim">{isMoving(state) ? "Not read yet" : "—"}</span>;
    },
  },
  { head: "Labels", cell: ({ labels }) => <Labels labels={labels} /> },
  { head: "Digest", cell: ({ digest }) => <Id value={digest} /> },
  { head: "Registered", cell: ({ registeredAt }) => <When at={registeredAt} /> },
];

/** Every version of the model, the newest first. */
export function Versions({ model, mayChange, onChanged }: VersionsProps) {
  const [retiring, setRetiring] = useState<OpenedVersion>();
  const pointedAt = new Set(model.aliases.flatMap(({ targets }) => targets.map(({ version }) => version.id)));
  const actions: Column<OpenedVersion> = {
    head: "Actions",
    isAction: true,
    cell: (version) =>
      canRetire(version) ? (
        <Menu position="bottom-end" withinPortal>
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" aria-label={`Actions for version ${version.version}`}>
              <Icon name="more" />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item
              color="red"
              leftSection={<Icon name="trash" size={16} />}
              disabled={pointedAt.has(version.id)}
              onClick={() => setRetiring(version)}
            >
              {pointedAt.has(version.id) ? "Retire: an alias points at it" : "Retire"}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      ) : null,
  };
  return (
    <Panel title="Versions" flush>
      <DataTable
        label={`Versions of ${model.name}`}
        columns={mayChange ? [...columns, actions] : columns}
        rows={model.versions.toReversed()}
        keyOf={({ id }) => id}
        empty={<Empty icon="models" title="No versions" />}
      />
      {retiring === undefined ? null : (
        <RetireVersion
          model={model.name}
          version={retiring.version}
          onClose={() => {
            setRetiring(undefined);
            onChanged();
          }}
        />
      )}
    </Panel>
  );
}

function canRetire({ state }: OpenedVersion): boolean {
  return state === "READY" || state === "QUARANTINED";
}

function Signature({ inputs, outputs }: Pick<OpenedVersion, "inputs" | "outputs">) {
  const text = (specs: OpenedVersion["inputs"]) =>
    specs.map(({ name, dtype, shape }) => `${name}: ${dtype}[${shape.join(", ")}]`).join("; ");
  return (
    <div className="stack-tight signature">
      <code>{text(inputs)}</code>
      <code className="dim">→ {text(outputs)}</code>
    </div>
  );
}

const fewLabels = 3;

function Labels({ labels }: { labels: readonly string[] }) {
  if (labels.length === 0) return <span className="dim">None</span>;
  const more = labels.length - fewLabels;
  return (
    <span title={labels.join(", ")}>
      {labels.slice(0, fewLabels).join(", ")}
      {more > 0 ? <span className="dim"> and {more} more</span> : null}
    </span>
  );
}

function RetireVersion({ model, version, onClose }: { model: string; version: number; onClose: () => void }) {
  const [{ fetching, error }, retire] = useMutation(
    graphql(`
      mutation RetireVersion($input: RetireModelVersionInput!) {
        retireModelVersion(input: $input) {
          id
          state
          stateReason
        }
      }
    `),
  );
  const submit = async () => {
    const { data } = await retire({ input: { model, version } });
    if (data) onClose();
  };
  return (
    <FormDialog title={`Retire version ${version} of ${model}`} onClose={onClose} onSubmit={submit}>
      {error === undefined ? null : <Failure error={error} />}
      <Text size="sm">
        It finishes what it was given, is unloaded, and answers nobody any more, for good. What it answered and was
        charged for stays in the books.
      </Text>
      <Button data-autofocus type="submit" color="red" loading={fetching}>
        Retire for good
      </Button>
    </FormDialog>
  );
}
