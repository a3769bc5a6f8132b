import { Button, Menu } from "@mantine/core";
import { useState } from "react";
import { useMutation } from "urql";
import { useDownload } from "../../components/download.tsx";
import { Icon } from "../../components/icons.tsx";
import { Failure } from "../../components/states.tsx";
import { count } from "../../format.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import { useMay } from "../../session/who.tsx";
import { FormDialog } from "../key-dialogs.tsx";
import { endedItems, isOpen, type Job } from "./job-state.tsx";

const CancelDocument = graphql(`
  mutation CancelJob($input: CancelJobInput!) {
    cancelJob(input: $input) {
      ...JobShown
    }
  }
`);

const ResumeDocument = graphql(`
  mutation ResumeJob($input: ResumeJobInput!) {
    resumeJob(input: $input) {
      ...JobShown
    }
  }
`);

const RetryDocument = graphql(`
  mutation RetryJob($input: RetryJobInput!) {
    retryJob(input: $input) {
      ...JobShown
    }
  }
`);

/** What can be done with a job as it stands. */
export function JobActions({ job }: { job: Job }) {
  const mayWrite = useMay("jobs:write");
  const [isCanceling, setCanceling] = useState(false);
  const [resumed, resume] = useMutation(ResumeDocument);
  const [retried, retry] = useMutation(RetryDocument);
  const failure = resumed.error ?? retried.error;
  const input = { id: job.id };
  return (
    <>
      {failure === undefined ? null : <Failure error={failure} />}
      {mayWrite && job.state === "PAUSED_BY_LIMIT" ? (
        <Button variant="default" loading={resumed.fetching} onClick={() => void resume({ input })}>
          Resume
        </Button>
      ) : null}
      {mayWrite && canRetry(job) ? (
        <Button
          variant="default"
          leftSection={<Icon name="refresh" size={16} />}
          loading={retried.fetching}
          onClick={() => void retry({ input })}
        >
          Retry {count(job.counts.failed)} failed
        </Button>
      ) : null}
      {mayWrite && isOpen(job) && job.state !== "CANCELING" ? (
        <Button variant="default" onClick={() => setCanceling(true)}>
          Cancel job
        </Button>
      ) : null}
      {endedItems(job) === 0 ? null : <Results job={job} />}
      {isCanceling ? <Cancel job={job} onClose={() => setCanceling(false)} /> : null}
    </>
  );
}

function canRetry({ state, counts }: Job): boolean {
  return (state === "PARTIALLY_FAILED" || state === "FAILED") && counts.failed > 0;
}

function Results({ job }: { job: Job }) {
  const download = useDownload();
  const start = (format: "jsonl" | "csv") =>
    void download(`${job.resultsPath}?format=${format}`, `${job.model?.name ?? "job"}-${job.id.slice(-6)}.${format}`);
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <Button leftSection={<Icon name="download" size={16} />}>{isOpen(job) ? "Results so far" : "Results"}</Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => start("jsonl")}>JSON lines</Menu.Item>
        <Menu.Item onClick={() => start("csv")}>CSV</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function Cancel({ job, onClose }: { job: Job; onClose: () => void }) {
  const [{ error, fetching }, cancel] = useMutation(CancelDocument);
  const submit = async () => {
    const { data } = await cancel({ input: { id: job.id } });
    if (data) onClose();
  };
  return (
    <FormDialog title="Cancel this job" onClose={onClose} onSubmit={submit}>
      {error === undefined ? null : <Failure error={error} />}
      <p>
        It stops within a second, for good. The {count(job.counts.succeeded)} items that were answered stay charged, and
        their results can be downloaded.
      </p>
      <Button data-autofocus type="submit" color="red" loading={fetching}>
        Cancel the job for good
      </Button>
    </FormDialog>
  );
}
