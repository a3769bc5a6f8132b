import { type Column, DataTable } from "../../components/data-table.tsx";
import { Badge, Panel, type Tone } from "../../components/page.tsx";
import { Empty } from "../../components/states.tsx";
import { count, words } from "../../format.ts";
import type { Engine } from "./engine-page.tsx";

type Runner = Engine["runners"][number];
/** Runners have no names; they stand in the order of the gateway's list. */
type Row = Runner & { place: number };

const tones: Record<Runner["state"], Tone> = { READY: "good", STARTING: "warn", ENDING: "warn", GONE: "bad" };

const columns: Column<Row>[] = [
  {
    head: "Runner",
    cell: ({ place, isSpare }) => (
      <span className="row">
        <span className="strong">{place}</span>
        {isSpare ? <Badge>Spare</Badge> : null}
      </span>
    ),
  },
  { head: "State", cell: ({ state }) => <Badge tone={tones[state]}>{words(state)}</Badge> },
  {
    head: "For",
    cell: ({ tenant }) => (tenant === null ? <span className="dim">The platform's models</span> : tenant.name),
  },
  { head: "Runs on", cell: ({ provider }) => provider },
  {
    head: "Loaded",
    cell: ({ versions }) =>
      versions.length === 0 ? (
        <span className="dim">Nothing</span>
      ) : (
        <span className="chips runner-versions">
          {versions.map(({ model, version }) => (
            <code key={`${model} ${version}`} className="chip">
              {model}/{version}
            </code>
          ))}
        </span>
      ),
  },
  { head: "Sessions", isNumber: true, cell: ({ sessionMb }) => megabytes(sessionMb) },
  {
    head: "Memory",
    isNumber: true,
    cell: ({ residentMb }) => (residentMb === null ? <span className="dim">Unknown</span> : megabytes(residentMb)),
  },
];

/** The processes that run models. */
export function Runners({ runners }: { runners: readonly Runner[] }) {
  return (
    <Panel
      title="Runners"
      note="Processes of their own, fenced in. When one ends, a spare has its place at once."
      flush
    >
      <DataTable
        label="Runners"
        columns={columns}
        rows={runners.map((runner, index) => ({ ...runner, place: index + 1 }))}
        keyOf={({ place }) => String(place)}
        empty={
          <Empty icon="engine" title="No runner is up">
            One is started again and again; the log says why it does not come up.
          </Empty>
        }
      />
    </Panel>
  );
}

function megabytes(value: number): string {
  return value > 0 && value < 10 ? `${value.toFixed(1)} MB` : `${count(value)} MB`;
}
