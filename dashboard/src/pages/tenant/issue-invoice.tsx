import { Button, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useMutation } from "urql";
import { useLocation } from "wouter";
import { Failure } from "../../components/states.tsx";
import { graphql } from "../../graphql/generated/gql.ts";
import { FormDialog } from "../key-dialogs.tsx";

interface IssueInvoiceProps {
  tenant: { id: string; name: string };
  onClose: () => void;
}

/** Issues the invoice of the oldest open period, or of one whose invoice was voided. */
export function IssueInvoice({ tenant, onClose }: IssueInvoiceProps) {
  const [day, setDay] = useState("");
  const [, goTo] = useLocation();
  const [{ error, fetching }, issue] = useMutation(
    graphql(`
      mutation IssueInvoice($input: IssueInvoiceInput!) {
        issueInvoice(input: $input) {
          id
        }
      }
    `),
  );
  const submit = async () => {
    const at = day === "" ? null : `${day}T00:00:00.000Z`;
    const { data } = await issue({ input: { tenantId: tenant.id, at } });
    if (data) goTo(`/billing/invoices/${data.issueInvoice.id}`);
  };
  return (
    <FormDialog title={`Issue an invoice to ${tenant.name}`} onClose={onClose} onSubmit={submit}>
      {error === undefined ? null : <Failure error={error} />}
      <Text size="sm">The period is closed for good: what is booked later counts in the next one.</Text>
      <TextInput
        data-autofocus
        label="Any day of the period"
        description="Empty: the oldest that is open. A period whose invoice was voided is issued anew by its day."
        type="date"
        value={day}
        onChange={(event) => setDay(event.currentTarget.value)}
      />
      <Button type="submit" loading={fetching}>
        Issue invoice
      </Button>
    </FormDialog>
  );
}
