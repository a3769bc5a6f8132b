import { Button, Select } from "@mantine/core";
import { useState } from "react";
import { useQuery } from "urql";
import { Link } from "wouter";
import { type Column, DataTable } from "../../components/data-table.tsx";
import { Icon } from "../../components/icons.tsx";
import { Page, Panel } from "../../components/page.tsx";
import { Pager, usePages } from "../../components/pager.tsx";
import { Empty, Failure } from "../../components/states.tsx";
import { When } from "../../components/time.tsx";
import { useWhileVisible } from "../../components/while-visible.ts";
import { count, money } from "../../format.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import { useCurrency } from "../../session/currency.tsx";
import { useMay } from "../../session/who.tsx";
import { isOpen, type Job, JobBar, type JobState, progressText, StateBadge, stateNames } from "./job-state.tsx";

const JobsDocument = graphql(`
  query Jobs($after: String, $state: JobState) {
    jobs(first: 25, after: $after, state: $state) {
      nodes {
        ...JobShown
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

export function JobsPage() {
  const pages = usePages();
  const [state, setState] = useState<JobState>();
  const currency = useCurrency();
  const [{ data, error }, ask] = useQuery({
    query: JobsDocument,
    variables: { after: pages.after, state: state ?? null },
    requestPolicy: "cache-and-network",
  });
  const again = () => ask({ requestPolicy: "network-only" });
  useWhileVisible(again, { everyMs: 2_000, isOn: data?.jobs.nodes.some(isOpen) ?? false });
  const make = useMay("jobs:write") ? (
    <Button component={Link} href="/jobs/new" leftSection={<Icon name="plus" size={16} />}>
      New job
    </Button>
  ) : undefined;
  return (
    <Page title="Jobs" lead="Many inputs at once, each answered once. They wait behind callers." actions={make}>
      {error === undefined ? null : <Failure error={error} retry={again} />}
      <div className="toolbar">
        <Select
          aria-label="State"
          size="xs"
          w={150}
          clearable
          placeholder="Any state"
          data={Object.entries(stateNames).map(([value, label]) => ({ value, label }))}
          value={state ?? null}
          onChange={(value) => {
            setState((value as JobState | null) ?? undefined);
            pages.first();
          }}
        />
      </div>
      <Panel flush>
        <DataTable
          label="Jobs"
          columns={columnsIn(currency)}
          rows={data?.jobs.nodes}
          keyOf={({ id }) => id}
          empty={<NoJobs state={state} action={make} />}
        />
      </Panel>
      <Pager pages={pages} pageInfo={data?.jobs.pageInfo} />
    </Page>
  );
}

function NoJobs({ state, action }: { state: JobState | undefined; action: React.ReactNode }) {
  if (state !== undefined)
    return (
      <Empty icon="jobs" title="No job stands so">
        Choose another state above, or none to see all.
      </Empty>
    );
  return (
    <Empty icon="jobs" title="No jobs yet" action={action}>
      Drop a file of inputs, or paste some lines: every one is answered, and charged when it is.
    </Empty>
  );
}

function columnsIn(currency: string | undefined): Column<Job>[] {
  return [
    {
      head: "Job",
      cell: (job) => (
        <Link href={`/jobs/${job.id}`} className="row-link">
          <span className="strong">{job.model?.name ?? "A model that is gone"}</span>
          <code className="dim small">…{job.id.slice(-6)}</code>
        </Link>
      ),
    },
    { head: "State", cell: ({ state }) => <StateBadge state={state} /> },
    {
      head: "Progress",
      cell: (job) => (
        <div className="job-progress">
          <JobBar job={job} />
          <span className="small dim">{progressText(job)}</span>
        </div>
      ),
    },
    {
      head: "Failed",
      isNumber: true,
      cell: ({ counts }) => (counts.failed === 0 ? <span className="dim">0</span> : count(counts.failed)),
    },
    { head: "Cost so far", isNumber: true, cell: ({ amount }) => money(amount, currency) },
    { head: "Submitted", cell: ({ createdAt }) => <When at={createdAt} /> },
  ];
}
