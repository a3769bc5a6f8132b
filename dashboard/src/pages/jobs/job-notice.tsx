import { Icon } from "../../components/icons.tsx";
import { dateTime, fromNow, utc } from "../../format.ts";
import type { Job } from "./job-state.tsx";

/** Why a job waits or came to nothing, and what makes it go on. */
export function JobNotice({ job }: { job: Job }) {
  if (job.failure !== null)
    return (
      <div className="failure" role="status">
        <Icon name="warning" />
        <div>
          <p className="failure-title">The job could not be carried out ({job.failure.code})</p>
          <p>{job.failure.message}</p>
        </div>
      </div>
    );
  if (job.pause === null) return null;
  const { message, until } = job.pause;
  return (
    <div className="notice" role="status">
      <Icon name="warning" />
      <div>
        <p className="failure-title">{until === null ? "Paused" : `Paused, goes on ${fromNow(until)}`}</p>
        <p>{message}</p>
        {until === null ? null : (
          <p className="small">
            That is {dateTime(until)} where you are, {utc(until)}.
          </p>
        )}
      </div>
    </div>
  );
}
