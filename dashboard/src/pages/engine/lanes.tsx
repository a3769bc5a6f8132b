import { type Column, DataTable } from "../../components/data-table.tsx";
import { Badge, Panel } from "../../components/page.tsx";
import { Empty } from "../../components/states.tsx";
import { count, milliseconds, percent } from "../../format.ts";
import type { Engine } from "./engine-page.tsx";

type Lane = Engine["lanes"][number];

const columns: Column<Lane>[] = [
  {
    head: "Lane",
    cell: ({ version }) => (
      <div className="stack-tight">
        <span className="strong">
          {version.model}/{version.version}
        </span>
        {version.tenant === null ? null : <span className="dim small">of {version.tenant.name}</span>}
      </div>
    ),
  },
  { head: "Runs on", cell: ({ version }) => version.provider },
  { head: "Queued", isNumber: true, cell: ({ queuedInputs }) => count(queuedInputs) },
  {
    head: "Who waits",
    cell: ({ tenants }) =>
      tenants.length === 0 ? (
        <span className="dim">Nobody</span>
      ) : (
        <ul className="stack-tight">
          {tenants.map(({ tenant, queuedInputs, share }, index) => (
            <li key={tenant?.id ?? index} className="nowrap">
              {tenant?.name ?? "Unknown"}{" "}
              <span className="dim small">
                {count(queuedInputs)} inputs, {percent(share)} due
              </span>
            </li>
          ))}
        </ul>
      ),
  },
  {
    head: "Each second",
    isNumber: true,
    cell: ({ inputsPerSecond }) => (inputsPerSecond < 10 ? inputsPerSecond.toFixed(1) : count(inputsPerSecond)),
  },
  { head: "An input takes", isNumber: true, cell: ({ msPerInput }) => milliseconds(msPerInput) },
  {
    head: "Strikes",
    cell: ({ strikes }) => (strikes === 0 ? <span className="dim">None</span> : <Badge tone="bad">{strikes}</Badge>),
  },
];

/** The queues, those in which most waits first. */
export function Lanes({ lanes }: { lanes: readonly Lane[] }) {
  const inOrder = lanes.toSorted(
    (a, b) => b.queuedInputs - a.queuedInputs || nameOf(a).localeCompare(nameOf(b), "en", { numeric: true }),
  );
  return (
    <Panel
      title="Lanes"
      note="A queue in front of each version that is loaded; tenants share it by weight and cost."
      flush
    >
      <DataTable
        label="Lanes"
        columns={columns}
        rows={inOrder}
        keyOf={nameOf}
        empty={
          <Empty icon="engine" title="No version is loaded">
            Register one under Models, or look at the log for why none could be loaded.
          </Empty>
        }
      />
    </Panel>
  );
}

function nameOf({ version: { tenant, model, version } }: Lane): string {
  return `${tenant?.id ?? ""} ${model}/${version}`;
}
