import type { ReactNode } from "react";
import { useQuery, useSubscription } from "urql";
import { Link } from "wouter";
import { Id } from "../../components/copy.tsx";
import { Page, Panel } from "../../components/page.tsx";
import { Failure, Waiting } from "../../components/states.tsx";
import { When } from "../../components/time.tsx";
import { count, duration, money } from "../../format.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import { useCurrency } from "../../session/currency.tsx";
import { JobActions } from "./job-actions.tsx";
import { JobItems } from "./job-items.tsx";
import { JobNotice } from "./job-notice.tsx";
import { isOpen, type Job, JobBar, progressText, StateBadge } from "./job-state.tsx";

const JobDocument = graphql(`
  query Job($id: ID!) {
    job(id: $id) {
      ...JobShown
    }
  }
`);

const JobProgressDocument = graphql(`
  subscription JobProgress($id: ID!) {
    jobProgress(id: $id) {
      ...JobShown
    }
  }
`);

/** One job, live until it has ended. */
export function JobPage({ id }: { id: string }) {
  const [{ data, error }, ask] = useQuery({
    query: JobDocument,
    variables: { id },
    requestPolicy: "cache-and-network",
  });
  const job = data?.job;
  // What it tells goes into the cache, under the job's id: the query above shows it.
  useSubscription({ query: JobProgressDocument, variables: { id }, pause: job === undefined || !isOpen(job) });
  return (
    <Page
      title={job?.model == null ? "Job" : `Job of ${job.model.name}`}
      lead={
        <span className="row">
          <Link href="/jobs">Jobs</Link>
          <span aria-hidden="true">/</span>
          <Id value={id} />
        </span>
      }
      actions={job === undefined ? undefined : <JobActions job={job} />}
    >
      {error === undefined ? null : <Failure error={error} retry={() => ask({ requestPolicy: "network-only" })} />}
      {job === undefined && error === undefined ? <Waiting lines={8} height={28} /> : null}
      {job === undefined ? null : (
        <>
          <Progress job={job} />
          <Facts job={job} />
          <JobItems job={job} />
        </>
      )}
    </Page>
  );
}

function Progress({ job }: { job: Job }) {
  const currency = useCurrency();
  const { counts, itemsPerSecond, secondsLeft, amount } = job;
  return (
    <Panel>
      <JobNotice job={job} />
      <div className="job-head">
        <StateBadge state={job.state} />
        <span className="dim">{progressText(job)} items</span>
      </div>
      <JobBar job={job} />
      <div className="figures">
        <Figure name="Answered">{count(counts.succeeded)}</Figure>
        <Figure name="Failed" isBad={counts.failed > 0}>
          {count(counts.failed)}
        </Figure>
        <Figure name={isOpen(job) ? "Cost so far" : "Cost"}>{money(amount, currency)}</Figure>
        {isOpen(job) ? (
          <>
            <Figure name="Items a second">{itemsPerSecond < 0.05 ? "–" : count(Math.round(itemsPerSecond))}</Figure>
            <Figure name="Time left">{secondsLeft === null ? "–" : duration(secondsLeft)}</Figure>
          </>
        ) : (
          <Figure name="Took">{tookOf(job)}</Figure>
        )}
      </div>
    </Panel>
  );
}

function tookOf({ startedAt, finishedAt }: Job): string {
  if (startedAt === null || finishedAt === null) return "–";
  return duration((new Date(finishedAt).getTime() - new Date(startedAt).getTime()) / 1000);
}

function Figure({ name, isBad = false, children }: { name: string; isBad?: boolean; children: ReactNode }) {
  return (
    <div>
      <p className="dim small">{name}</p>
      <p className={isBad ? "figure-value bad-text" : "figure-value"}>{children}</p>
    </div>
  );
}

function Facts({ job }: { job: Job }) {
  return (
    <Panel title="Particulars">
      <dl className="facts wide">
        <Fact name="Version">
          {job.version === null ? "A version that is gone" : `${job.model?.name} ${job.version.version}`}
          {job.alias === null ? "" : ` by ${job.alias}`}
        </Fact>
        <Fact name="Priority">{job.priority}</Fact>
        {job.round === 1 ? null : <Fact name="Round">{job.round}, after a retry of failed items</Fact>}
        <Fact name="Inputs">{job.datasetId === null ? "Came with the job" : <Id value={job.datasetId} />}</Fact>
        <Fact name="Submitted">
          <When at={job.createdAt} />
        </Fact>
        <Fact name="Begun">
          <When at={job.startedAt} absent="Not yet" />
        </Fact>
        <Fact name="Ended">
          <When at={job.finishedAt} absent="Not yet" />
        </Fact>
        {job.expiresAt === null ? null : (
          <Fact name="Results are deleted">
            <When at={job.expiresAt} />
          </Fact>
        )}
      </dl>
    </Panel>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt className="dim small">{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
