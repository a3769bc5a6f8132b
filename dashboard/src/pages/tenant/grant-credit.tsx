import { Button, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useMutation } from "urql";
import { Failure } from "../../components/states.tsx";
import { graphql } from "../../graphql/generated/gql.ts";
import { microsOf } from "../../micros.ts";
import { FormDialog } from "../key-dialogs.tsx";

interface GrantCreditProps {
  tenant: { id: string; name: string; currency: string };
  onClose: () => void;
  onDone: () => void;
}

export function GrantCredit({ tenant, onClose, onDone }: GrantCreditProps) {
  const [amount, setAmount] = useState("");
  const [reason, setReason] = useState("");
  const [priority, setPriority] = useState("50");
  const [expires, setExpires] = useState("");
  const micros = microsOf(amount);
  const isPriority = /^\d{1,3}$/.test(priority) && Number(priority) <= 100;
  const [{ error, fetching }, grant] = useMutation(
    graphql(`
      mutation GrantCredit($input: GrantCreditInput!) {
        grantCredit(input: $input) {
          id
        }
      }
    `),
  );
  const submit = async () => {
    // A day of the books: until it begins, in UTC.
    const expiresAt = expires === "" ? null : `${expires}T00:00:00.000Z`;
    const wanted = { tenantId: tenant.id, amount: micros ?? "0", reason, priority: Number(priority), expiresAt };
    const { data } = await grant({ input: wanted });
    if (!data) return;
    onDone();
    onClose();
  };
  return (
    <FormDialog title={`Grant ${tenant.name} credit`} onClose={onClose} onSubmit={submit}>
      {error === undefined ? null : <Failure error={error} />}
      <Text size="sm">Its next invoices use it up, before anything is to be paid. A grant cannot be taken back.</Text>
      <TextInput
        data-autofocus
        label={`Amount, ${tenant.currency}`}
        inputMode="decimal"
        value={amount}
        error={amount !== "" && micros === undefined ? "An amount such as 100 or 12.50" : undefined}
        onChange={(event) => setAmount(event.currentTarget.value)}
      />
      <TextInput
        label="Reason"
        description="The tenant reads it"
        value={reason}
        maxLength={500}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <TextInput
        label="Expires"
        description="Of periods that end by then; empty: never"
        type="date"
        value={expires}
        onChange={(event) => setExpires(event.currentTarget.value)}
      />
      <TextInput
        label="Priority"
        description="0 to 100: the lowest is used first"
        inputMode="numeric"
        value={priority}
        onChange={(event) => setPriority(event.currentTarget.value)}
      />
      <Button
        type="submit"
        loading={fetching}
        disabled={micros === undefined || micros === "0" || reason.trim() === "" || !isPriority}
      >
        Grant credit
      </Button>
    </FormDialog>
  );
}
