import { Button } from "@mantine/core";
import { useMutation, useQuery } from "urql";
import { useLocation } from "wouter";
import { Failure } from "../../components/states.tsx";
import { count, duration, money } from "../../format.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import type { EstimateQuery, SubmitJobInput } from "../../graphql/generated/graphql.ts";
import { useCurrency } from "../../session/currency.tsx";

const EstimateDocument = graphql(`
  query Estimate($input: SubmitJobInput!) {
    estimateJob(input: $input) {
      items
      isExact
      amount
      seconds
    }
  }
`);

const SubmitDocument = graphql(`
  mutation SubmitJob($input: SubmitJobInput!) {
    submitJob(input: $input) {
      ...JobShown
    }
  }
`);

/** What stands in the way of asking: no input is known yet. */
const nothing: SubmitJobInput = { model: "", source: {} };

/** What the job would be and cost; and the way to submit it, which opens when that is known. */
export function SubmitJob({ input }: { input: SubmitJobInput | undefined }) {
  const [, goTo] = useLocation();
  const [{ data, error, fetching }] = useQuery({
    query: EstimateDocument,
    variables: { input: input ?? nothing },
    pause: input === undefined,
    requestPolicy: "network-only",
  });
  const [submitted, submit] = useMutation(SubmitDocument);
  const send = async (chosen: SubmitJobInput) => {
    const { data: made } = await submit({ input: chosen });
    if (made) goTo(`/jobs/${made.submitJob.id}`);
  };
  const estimate = input === undefined || error !== undefined ? undefined : data?.estimateJob;
  return (
    <>
      <div className="estimate" role="status">
        {estimate === undefined ? (
          <p className="dim">{input === undefined ? "Add inputs to see what they cost." : "Being estimated"}</p>
        ) : (
          <Estimate {...estimate} />
        )}
      </div>
      {input !== undefined && error !== undefined ? <Failure error={error} /> : null}
      {submitted.error === undefined ? null : <Failure error={submitted.error} />}
      <Button
        loading={submitted.fetching}
        disabled={input === undefined || estimate === undefined || fetching || estimate.items === 0}
        onClick={() => {
          if (input !== undefined) void send(input);
        }}
      >
        Submit job
      </Button>
    </>
  );
}

function Estimate({ items, isExact, amount, seconds }: EstimateQuery["estimateJob"]) {
  const currency = useCurrency();
  const about = isExact ? "" : "about ";
  return (
    <>
      <dl className="facts">
        <div>
          <dt className="dim small">Items</dt>
          <dd className="strong">
            {about}
            {count(items)}
          </dd>
        </div>
        <div>
          <dt className="dim small">Cost</dt>
          <dd className="strong">{amount === null ? "No plan prices it" : `${about}${money(amount, currency)}`}</dd>
        </div>
        <div>
          <dt className="dim small">Time</dt>
          <dd className="strong">
            {seconds === null ? "Not measured yet" : `about ${duration(Math.max(1, seconds))}`}
          </dd>
        </div>
      </dl>
      <p className="dim small">
        If all are answered, on the present plan, with the runners of one gateway for it alone.
      </p>
    </>
  );
}
