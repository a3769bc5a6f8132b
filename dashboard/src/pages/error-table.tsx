import { DataTable } from "../components/data-table.tsx";
import { Empty } from "../components/states.tsx";
import { When } from "../components/time.tsx";
import { count } from "../format.ts";

interface ErrorCount {
  code: string;
  summary: string;
  count: number;
  lastAt: string;
}

/** What requests were refused with, most frequent first. */
export function ErrorTable({ errors }: { errors: readonly ErrorCount[] | undefined }) {
  return (
    <DataTable
      label="Errors by code"
      columns={[
        {
          head: "Code",
          cell: ({ code, summary }) => (
            <span className="stack-tight">
              <code>{code}</code>
              <span className="dim small">{summary}</span>
            </span>
          ),
        },
        { head: "Last", cell: ({ lastAt }) => <When at={lastAt} /> },
        { head: "Errors", isNumber: true, cell: ({ count: errorCount }) => count(errorCount) },
      ]}
      rows={errors}
      keyOf={({ code }) => code}
      waitingRows={2}
      empty={
        <Empty icon="check" title="Nothing was refused">
          Every request of this time was answered.
        </Empty>
      }
    />
  );
}
