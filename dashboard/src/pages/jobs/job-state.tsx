import { Badge, type Tone } from "../../components/page.tsx";
import { count } from "../../format.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import type { JobShownFragment } from "../../graphql/generated/graphql.ts";

/** What is shown of a job wherever it is shown. */
graphql(`
  fragment JobShown on Job {
    id
    state
    alias
    priority
    round
    datasetId
    amount
    itemsPerSecond
    secondsLeft
    resultsPath
    createdAt
    startedAt
    finishedAt
    expiresAt
    counts {
      total
      read
      succeeded
      failed
      waiting
    }
    pause {
      kind
      message
      until
    }
    failure {
      code
      message
    }
    model {
      id
      name
    }
    version {
      id
      version
    }
  }
`);

export type Job = JobShownFragment;
export type JobState = Job["state"];

/** Each state as it reads, in the order of a job's life. */
export const stateNames: Record<JobState, string> = {
  QUEUED: "Queued",
  RUNNING: "Running",
  PAUSED_BY_LIMIT: "Paused",
  CANCELING: "Canceling",
  CANCELED: "Canceled",
  SUCCEEDED: "Succeeded",
  PARTIALLY_FAILED: "Partly failed",
  FAILED: "Failed",
};

const tones: Record<JobState, Tone> = {
  QUEUED: "plain",
  RUNNING: "good",
  PAUSED_BY_LIMIT: "warn",
  CANCELING: "warn",
  CANCELED: "plain",
  SUCCEEDED: "good",
  PARTIALLY_FAILED: "warn",
  FAILED: "bad",
};

export function StateBadge({ state }: { state: JobState }) {
  return (
    <Badge tone={tones[state]}>
      {state === "RUNNING" ? <i className="live-dot" /> : null}
      {stateNames[state]}
    </Badge>
  );
}

/** Whether there is more to come of it. */
export function isOpen({ finishedAt }: Pick<Job, "finishedAt">): boolean {
  return finishedAt === null;
}

export function endedItems({ counts }: Pick<Job, "counts">): number {
  return counts.succeeded + counts.failed;
}

/** How far it is: what was answered, and behind it what failed. */
export function JobBar({ job }: { job: Pick<Job, "counts" | "state"> }) {
  const { total, read, succeeded, failed } = job.counts;
  const whole = Math.max(1, total ?? read);
  const [answered, ended] = [(succeeded / whole) * 100, ((succeeded + failed) / whole) * 100];
  return (
    <div
      className="job-bar"
      role="progressbar"
      aria-label="Items ended"
      aria-valuemin={0}
      aria-valuemax={whole}
      aria-valuenow={succeeded + failed}
    >
      <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
        <rect className="job-bar-failed" width={ended} height={8} />
        <rect className="job-bar-answered" width={answered} height={8} />
      </svg>
    </div>
  );
}

/** "1,200 of 5,000"; of a dataset that is still being read, what was read so far. */
export function progressText(job: Pick<Job, "counts">): string {
  const { total, read } = job.counts;
  const ended = count(endedItems(job));
  if (total !== null) return `${ended} of ${count(total)}`;
  return read === 0 ? "Being read" : `${ended} of ${count(read)} so far`;
}
