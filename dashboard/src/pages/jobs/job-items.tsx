import { SegmentedControl } from "@mantine/core";
import { useThrottledValue } from "@mantine/hooks";
import { useEffect, useState } from "react";
import { useQuery } from "urql";
import { type Column, DataTable } from "../../components/data-table.tsx";
import { Badge, Panel, type Tone } from "../../components/page.tsx";
import { Pager, usePages } from "../../components/pager.tsx";
import { Empty, Failure } from "../../components/states.tsx";
import { count, percent, words } from "../../format.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import type { JobItemsQuery } from "../../graphql/generated/graphql.ts";
import { endedItems, isOpen, type Job } from "./job-state.tsx";

const JobItemsDocument = graphql(`
  query JobItems($id: ID!, $after: String, $failedOnly: Boolean!) {
    job(id: $id) {
      id
      items(first: 25, after: $after, failedOnly: $failedOnly) {
        nodes {
          index
          line
          name
          state
          label
          score
          error {
            code
            message
            attempts
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`);

type Item = JobItemsQuery["job"]["items"]["nodes"][number];

/** While a job runs, its items are read again no more often than this. */
const everyMs = 2_000;

/** A job's items one by one, or those alone that failed. */
export function JobItems({ job }: { job: Job }) {
  const pages = usePages();
  const [wanted, setWanted] = useState<"ALL" | "FAILED">("FAILED");
  const failedOnly = wanted === "FAILED" && job.counts.failed > 0;
  const [{ data, error }, ask] = useQuery({
    query: JobItemsDocument,
    variables: { id: job.id, after: pages.after, failedOnly },
    requestPolicy: "cache-and-network",
  });
  const ended = useThrottledValue(`${job.round} ${endedItems(job)} ${job.state}`, everyMs);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what has ended since is what it is asked again for
  useEffect(() => ask({ requestPolicy: "network-only" }), [ended]);
  return (
    <>
      <Panel
        title={failedOnly ? "Failed items" : "Items"}
        note={failedOnly ? "Not charged. Their lines are those of the file." : undefined}
        actions={
          job.counts.failed === 0 ? undefined : (
            <SegmentedControl
              aria-label="Which items"
              size="xs"
              data={[
                { value: "FAILED", label: `Failed ${count(job.counts.failed)}` },
                { value: "ALL", label: "All" },
              ]}
              value={wanted}
              onChange={(value) => {
                setWanted(value as "ALL" | "FAILED");
                pages.first();
              }}
            />
          )
        }
        flush
      >
        {error === undefined ? null : <Failure error={error} />}
        <DataTable
          label={failedOnly ? "Failed items" : "Items"}
          columns={columnsFor(data?.job.items.nodes, failedOnly)}
          rows={data?.job.items.nodes}
          keyOf={({ index }) => String(index)}
          empty={
            <Empty icon="jobs" title={isOpen(job) ? "No item has been read yet" : "There are no items"}>
              {isOpen(job) ? "They show here as soon as the file is read." : "Their time is over, or there were none."}
            </Empty>
          }
        />
      </Panel>
      <Pager pages={pages} pageInfo={data?.job.items.pageInfo} />
    </>
  );
}

const tones: Record<Item["state"], Tone> = { WAITING: "plain", RUNNING: "good", SUCCEEDED: "good", FAILED: "bad" };

const line: Column<Item> = { head: "Line", cell: (item) => count(item.line ?? item.index + 1) };

const name: Column<Item> = { head: "Id", cell: (item) => (item.name === null ? null : <code>{item.name}</code>) };

const problem: Column<Item> = {
  head: "Problem",
  cell: ({ error }) =>
    error === null ? null : (
      <div className="stack-tight">
        <code>{error.code}</code>
        <span className="dim small break">{error.message}</span>
      </div>
    ),
};

/** Names of their own stand where there are any. */
function columnsFor(items: readonly Item[] | undefined, failedOnly: boolean): Column<Item>[] {
  const isNamed = items?.some((item) => item.name !== null) ?? false;
  return [line, ...(isNamed ? [name] : []), ...(failedOnly ? failedColumns : answerColumns)];
}

const failedColumns: Column<Item>[] = [
  problem,
  { head: "Tries", isNumber: true, cell: ({ error }) => error?.attempts ?? "" },
];

const answerColumns: Column<Item>[] = [
  { head: "State", cell: ({ state }) => <Badge tone={tones[state]}>{words(state)}</Badge> },
  {
    head: "Answer",
    cell: (item) => {
      if (item.error !== null) return problem.cell(item);
      return item.label === null ? <span className="dim">–</span> : <span className="strong">{item.label}</span>;
    },
  },
  { head: "Score", isNumber: true, cell: ({ score }) => (score === null ? "" : percent(score, 1)) },
];
