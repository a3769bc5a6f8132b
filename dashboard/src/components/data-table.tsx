import { Skeleton } from "@mantine/core";
import type { ReactNode } from "react";

export interface Column<Row> {
  head: string;
  cell: (row: Row) => ReactNode;
  /** Numbers stand right, so that their digits stand under each other. */
  isNumber?: boolean;
  /** The head is for screen readers alone. */
  isAction?: boolean;
}

interface DataTableProps<Row> {
  label: string;
  columns: Column<Row>[];
  /** Undefined while they are on their way. */
  rows: readonly Row[] | undefined;
  keyOf: (row: Row) => string;
  empty: ReactNode;
  waitingRows?: number;
}

/** A table that becomes a list of cards where there is no room for columns. */
export function DataTable<Row>({ label, columns, rows, keyOf, empty, waitingRows = 6 }: DataTableProps<Row>) {
  if (rows?.length === 0) return empty;
  return (
    <div className="table-scroll">
      <table className="data" aria-label={label} aria-busy={rows === undefined}>
        <thead>
          <tr>
            {columns.map(({ head, isNumber, isAction }) => (
              <th key={head} scope="col" className={isNumber ? "number" : undefined}>
                {isAction ? <span className="visually-hidden">{head}</span> : head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows === undefined
            ? upTo(waitingRows).map((row) => <WaitingRow key={row} columns={columns.length} />)
            : rows.map((row) => (
                <tr key={keyOf(row)}>
                  {columns.map(({ head, cell, isNumber, isAction }) => (
                    <td key={head} data-head={isAction ? undefined : head} className={classOf(isNumber, isAction)}>
                      {cell(row)}
                    </td>
                  ))}
                </tr>
              ))}
        </tbody>
      </table>
    </div>
  );
}

function WaitingRow({ columns }: { columns: number }) {
  return (
    <tr>
      {upTo(columns).map((column) => (
        <td key={column}>
          <Skeleton height={14} width={column === 0 ? "70%" : "50%"} />
        </td>
      ))}
    </tr>
  );
}

function classOf(isNumber: boolean | undefined, isAction: boolean | undefined): string | undefined {
  if (isNumber) return "number";
  return isAction ? "action" : undefined;
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
