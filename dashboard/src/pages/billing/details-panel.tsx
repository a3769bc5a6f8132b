import { Button, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { useMutation } from "urql";
import { Panel } from "../../components/page.tsx";
import { Failure, Waiting } from "../../components/states.tsx";
import { graphql } from "../../graphql/generated/gql.ts";
import type { BillingDetailsShownFragment } from "../../graphql/generated/graphql.ts";
import { useMay } from "../../session/who.tsx";
import { FormDialog } from "../key-dialogs.tsx";

graphql(`
  fragment BillingDetailsShown on BillingDetails {
    name
    address
    taxId
    email
    currency
    taxRatePpm
    anchorDay
  }
`);

type Details = BillingDetailsShownFragment;

/** To whom invoices are addressed. */
export function DetailsPanel({ details }: { details: Details | undefined }) {
  const [isEditing, setEditing] = useState(false);
  const edit = (
    <Button size="xs" variant="default" disabled={details === undefined} onClick={() => setEditing(true)}>
      Edit
    </Button>
  );
  return (
    <Panel
      title="Billing details"
      note="On the next invoice; those that were issued keep what they said"
      actions={useMay("billing:write") ? edit : undefined}
    >
      {details === undefined ? <Waiting lines={4} /> : <DetailsList details={details} />}
      {isEditing && details !== undefined ? <EditDetails details={details} onClose={() => setEditing(false)} /> : null}
    </Panel>
  );
}

export function DetailsList({ details }: { details: Details }) {
  const { name, address, taxId, email, currency, taxRatePpm, anchorDay } = details;
  return (
    <dl className="facts wide">
      <Fact name="Addressed to" value={[name, address].filter((text) => text !== "").join("\n")} />
      <Fact name="Tax number" value={taxId} />
      <Fact name="Questions to" value={email} />
      <Fact name="Billed in" value={`${currency}, tax ${taxRatePpm / 10_000} %`} />
      <Fact name="Periods begin" value={`on day ${anchorDay} of the month, 00:00 UTC`} />
    </dl>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt className="dim small">{name}</dt>
      <dd className="lines-kept">{value === "" ? <span className="dim">Not set</span> : value}</dd>
    </div>
  );
}

function EditDetails({ details, onClose }: { details: Details; onClose: () => void }) {
  const [name, setName] = useState(details.name);
  const [address, setAddress] = useState(details.address);
  const [taxId, setTaxId] = useState(details.taxId);
  const [email, setEmail] = useState(details.email);
  const [{ error, fetching }, set] = useMutation(
    graphql(`
      mutation SetBillingDetails($input: SetBillingDetailsInput!) {
        setBillingDetails(input: $input) {
          name
        }
      }
    `),
  );
  const submit = async () => {
    const { data } = await set({ input: { name, address, taxId, email } });
    if (data) onClose();
  };
  return (
    <FormDialog title="Billing details" onClose={onClose} onSubmit={submit}>
      {error === undefined ? null : <Failure error={error} />}
      <TextInput
        data-autofocus
        label="Name"
        autoComplete="organization"
        value={name}
        maxLength={200}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Textarea
        label="Address"
        description="Up to 8 lines, as it stands on the invoice"
        autosize
        minRows={3}
        maxRows={8}
        value={address}
        onChange={(event) => setAddress(event.currentTarget.value)}
      />
      <TextInput
        label="Tax number"
        value={taxId}
        maxLength={200}
        onChange={(event) => setTaxId(event.currentTarget.value)}
      />
      <TextInput
        label="Email for questions"
        type="email"
        value={email}
        maxLength={200}
        onChange={(event) => setEmail(event.currentTarget.value)}
      />
      <Button type="submit" loading={fetching} disabled={name.trim() === ""}>
        Save
      </Button>
    </FormDialog>
  );
}
