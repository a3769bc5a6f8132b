import { Button, Loader, SegmentedControl, Select } from "@mantine/core";
import { useState } from "react";
import { useMutation, useQuery } from "urql";
import { Failure } from "../../components/states.tsx";
import { exact, paid, utc } from "../../format.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import type { ChangePlanInput, PreviewPlanChangeQuery } from "../../graphql/generated/graphql.ts";
import { useSession } from "../../session/who.tsx";
import { FormDialog } from "../key-dialogs.tsx";

const OfferedPlansDocument = graphql(`
  query OfferedPlans {
    plans {
      id
      name
      version
      currency
      flatFeeMicros
      isSelfService
    }
  }
`);

const PreviewDocument = graphql(`
  query PreviewPlanChange($input: ChangePlanInput!) {
    previewPlanChange(input: $input) {
      isChange
      startsAt
      periodEndsAt
      currency
      difference
      feesBefore {
        position
        description
        amount
      }
      feesAfter {
        position
        description
        amount
      }
    }
  }
`);

interface ChangePlanProps {
  /** Undefined: the person's own. */
  tenantId: string | undefined;
  tenant: { name: string; currency: string };
  onClose: () => void;
  onDone: () => void;
}

/** Moves a tenant to another plan, or to the latest version of its own; says before what that costs. */
export function ChangePlan({ tenantId, tenant, onClose, onDone }: ChangePlanProps) {
  const isOperator = useSession().who.kind === "OPERATOR";
  const [plan, setPlan] = useState<string | null>(null);
  const [when, setWhen] = useState<"NOW" | "PERIOD_END">("PERIOD_END");
  const [{ data: offered }] = useQuery({ query: OfferedPlansDocument, requestPolicy: "cache-and-network" });
  const input = { plan: plan ?? "", when, ...(tenantId === undefined ? {} : { tenantId }) };
  const [{ error, fetching }, change] = useMutation(
    graphql(`
      mutation ChangePlan($input: ChangePlanInput!) {
        changePlan(input: $input) {
          id
          startsAt
        }
      }
    `),
  );
  const plans = (offered?.plans ?? []).filter(
    ({ currency, isSelfService }) => currency === tenant.currency && (isOperator || isSelfService),
  );
  const submit = async () => {
    const { data } = await change({ input });
    if (!data) return;
    onDone();
    onClose();
  };
  return (
    <FormDialog title={`Change the plan of ${tenant.name}`} onClose={onClose} onSubmit={submit}>
      {error === undefined ? null : <Failure error={error} />}
      <Select
        data-autofocus
        label="To"
        placeholder="Choose a plan"
        description={`In ${tenant.currency}, in its latest version`}
        data={plans.map(({ name, version, flatFeeMicros, currency }) => ({
          value: name,
          label: `${name} v${version}, ${exact(flatFeeMicros, currency)} a period`,
        }))}
        value={plan}
        onChange={setPlan}
      />
      <SegmentedControl
        aria-label="When"
        data={[
          { value: "PERIOD_END", label: "At the period's end" },
          { value: "NOW", label: "Now" },
        ]}
        value={when}
        onChange={(value) => setWhen(value === "NOW" ? "NOW" : "PERIOD_END")}
      />
      {plan === null ? null : <PreviewOf input={input} />}
      <Button type="submit" loading={fetching} disabled={plan === null}>
        Change plan
      </Button>
    </FormDialog>
  );
}

function PreviewOf({ input }: { input: ChangePlanInput }) {
  const [{ data, error, fetching }] = useQuery({
    query: PreviewDocument,
    variables: { input },
    requestPolicy: "network-only",
  });
  if (error !== undefined) return <Failure error={error} />;
  return data === undefined || fetching ? <Loader size="sm" /> : <Preview of={data.previewPlanChange} />;
}

function Preview({ of }: { of: PreviewPlanChangeQuery["previewPlanChange"] }) {
  const { isChange, startsAt, periodEndsAt, difference, currency, feesAfter } = of;
  if (!isChange)
    return (
      <p role="status">That is the version it is on. A change that was to come is withdrawn; nothing else changes.</p>
    );
  const isLater = startsAt === periodEndsAt;
  return (
    <div className="preview" role="status">
      <p>
        {isLater
          ? `From ${utc(startsAt)} on. The fees of the running period stay as they are.`
          : `At once. The running period's fees change by ${paid(difference, currency)}, before tax:`}
      </p>
      {isLater ? null : (
        <ul>
          {feesAfter.map(({ position, description, amount }) => (
            <li key={position}>
              <span>{description}</span>
              <b>{paid(amount, currency)}</b>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
