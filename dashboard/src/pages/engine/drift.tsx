import { Button } from "@mantine/core";
import { useMutation } from "urql";
import { Id } from "../../components/copy.tsx";
import { type Column, DataTable } from "../../components/data-table.tsx";
import { Icon } from "../../components/icons.tsx";
import { Badge, Panel } from "../../components/page.tsx";
import { Failure } from "../../components/states.tsx";
import { When } from "../../components/time.tsx";
import { count } from "../../format.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import type { LedgerDrift } from "./engine-page.tsx";

type Cache = LedgerDrift["caches"][number];
type Example = LedgerDrift["examples"][number];

const names: Record<Cache["cache"], string> = {
  HOURLY_USAGE: "Usage by the hour",
  COUNTERS: "Counters of limits",
  AMOUNTS: "Amounts charged",
};

const cacheColumns: Column<Cache>[] = [
  { head: "Cache", cell: ({ cache }) => <span className="strong">{names[cache]}</span> },
  {
    head: "Against the ledger",
    cell: ({ numbers }) =>
      numbers === 0 ? <Badge tone="good">As it should be</Badge> : <Badge tone="bad">{count(numbers)} differ</Badge>,
  },
];

const exampleColumns: Column<Example>[] = [
  { head: "Cache", cell: ({ cache }) => names[cache] },
  { head: "Tenant", cell: ({ tenantId }) => <Id value={tenantId} /> },
  { head: "Row", cell: ({ row }) => <code className="reason">{row}</code> },
  { head: "Says", isNumber: true, cell: ({ cached }) => cached },
  { head: "Should be", isNumber: true, cell: ({ recomputed }) => recomputed },
];

/** Whether the numbers that are kept beside the ledger are what its events add up to. */
export function Drift({ drift, onLooked }: { drift: LedgerDrift; onLooked: () => void }) {
  const [{ fetching, error }, look] = useMutation(
    graphql(`
      mutation LookForDrift {
        lookForDrift {
          lookedAt
        }
      }
    `),
  );
  return (
    <Panel
      title="Ledger drift"
      note={
        <>
          Looked for every five minutes: the present hours, one earlier day in turn, and a few tenants. Last:{" "}
          <When at={drift.lookedAt} absent="not yet" />
        </>
      }
      actions={
        <Button
          size="xs"
          variant="default"
          loading={fetching}
          leftSection={<Icon name="refresh" size={14} />}
          onClick={() => void look({}).then(onLooked)}
        >
          Look now
        </Button>
      }
      flush
    >
      {error === undefined ? null : <Failure error={error} />}
      {drift.lookedAt === null ? (
        <p className="dim padded">This gateway has not looked since it started.</p>
      ) : (
        <DataTable
          label="Caches of the ledger"
          columns={cacheColumns}
          rows={drift.caches}
          keyOf={({ cache }) => cache}
          empty={null}
        />
      )}
      {drift.examples.length === 0 ? null : (
        <>
          <p className="padded">
            The ledger is right, and the caches can be made again from it: <code>npm run usage:rebuild</code>.
          </p>
          <DataTable
            label="Numbers that differ"
            columns={exampleColumns}
            rows={drift.examples}
            keyOf={({ cache, tenantId, row }) => `${cache} ${tenantId} ${row}`}
            empty={null}
          />
        </>
      )}
    </Panel>
  );
}
