import { useQuery } from "urql";
import { Id } from "../components/copy.tsx";
import { type Column, DataTable } from "../components/data-table.tsx";
import { Badge, Page, Panel, type Tone } from "../components/page.tsx";
import { Empty, Failure, Waiting } from "../components/states.tsx";
import { When } from "../components/time.tsx";
import { words } from "../format.ts";
import { graphql } from "../graphql/generated/gql.ts";
import type { ModelsQuery } from "../graphql/generated/graphql.ts";

const ModelsDocument = graphql(`
  query Models {
    models(first: 50) {
      nodes {
        id
        name
        description
        task
        aliases {
          id
          name
          targets {
            weight
            version {
              id
              version
            }
          }
        }
        versions {
          id
          version
          digest
          state
          stateReason
          provider
          providerReason
          labels
          registeredAt
          inputs {
            name
            dtype
            shape
          }
        }
      }
    }
  }
`);

type Model = ModelsQuery["models"]["nodes"][number];
type Version = Model["versions"][number];

const tones: Partial<Record<Version["state"], Tone>> = {
  READY: "good",
  REJECTED: "bad",
  QUARANTINED: "bad",
  SCANNING: "warn",
  VALIDATING: "warn",
  WARMING: "warn",
  DRAINING: "warn",
};

const columns: Column<Version>[] = [
  { head: "Version", cell: ({ version }) => <span className="strong">{version}</span> },
  {
    head: "State",
    cell: ({ state, stateReason }) => (
      <div className="stack-tight">
        <span>
          <Badge tone={tones[state] ?? "plain"}>{words(state)}</Badge>
        </span>
        {stateReason === null ? null : <span className="dim small">{stateReason}</span>}
      </div>
    ),
  },
  {
    head: "Runs on",
    cell: ({ provider, providerReason }) => (
      <div className="stack-tight">
        <span>{provider}</span>
        {providerReason === null ? null : <span className="dim small">{providerReason}</span>}
      </div>
    ),
  },
  {
    head: "Takes",
    cell: ({ inputs }) => (
      <code className="dim">
        {inputs.map(({ name, dtype, shape }) => `${name}: ${dtype}[${shape.join(", ")}]`).join("; ")}
      </code>
    ),
  },
  { head: "Labels", isNumber: true, cell: ({ labels }) => labels.length },
  { head: "Digest", cell: ({ digest }) => <Id value={digest} /> },
  { head: "Registered", cell: ({ registeredAt }) => <When at={registeredAt} /> },
];

export function ModelsPage() {
  const [{ data, error }, ask] = useQuery({ query: ModelsDocument });
  return (
    <Page title="Models" lead="What can be asked, in which versions, and which version answers for each alias.">
      {error === undefined ? null : <Failure error={error} retry={() => ask({ requestPolicy: "network-only" })} />}
      {data === undefined && error === undefined ? <Waiting lines={8} height={32} /> : null}
      {data?.models.nodes.length === 0 ? (
        <Empty icon="models" title="No models yet">
          The platform offers none at the moment.
        </Empty>
      ) : null}
      {data?.models.nodes.map((model) => (
        <ModelPanel key={model.id} model={model} />
      ))}
    </Page>
  );
}

function ModelPanel({ model }: { model: Model }) {
  return (
    <Panel title={model.name} note={`${words(model.task)}. ${model.description}`} flush>
      <ul className="aliases">
        {model.aliases.map(({ id, name, targets }) => (
          <li key={id}>
            <code>{name}</code>
            <span className="dim">
              {targets.map(({ version, weight }) => `version ${version.version}: ${weight} %`).join(", ")}
            </span>
          </li>
        ))}
      </ul>
      <DataTable
        label={`Versions of ${model.name}`}
        columns={columns}
        rows={model.versions}
        keyOf={({ id }) => id}
        empty={<Empty icon="models" title="No versions" />}
      />
    </Panel>
  );
}
