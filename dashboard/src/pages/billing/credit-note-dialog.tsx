import { Button, SegmentedControl, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useMutation } from "urql";
import { Failure } from "../../components/states.tsx";
import { paid } from "../../format.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import { microsOf } from "../../micros.ts";
import { FormDialog } from "../key-dialogs.tsx";
import type { Invoice } from "./invoice-page.tsx";

/** Gives back all that is left of an invoice, or some of its lines. */
export function CreditNoteDialog({ invoice, onClose }: { invoice: Invoice; onClose: () => void }) {
  const [reason, setReason] = useState("");
  const [extent, setExtent] = useState<"ALL" | "LINES">("ALL");
  const [amounts, setAmounts] = useState<Record<string, string>>({});
  const lines = Object.entries(amounts)
    .filter(([, text]) => text.trim() !== "")
    .map(([lineId, text]) => ({ lineId, amount: microsOf(text) }));
  const isComplete = extent === "ALL" || (lines.length > 0 && lines.every(({ amount }) => amount !== undefined));
  const [{ error, fetching }, issue] = useMutation(
    graphql(`
      mutation IssueCreditNote($input: IssueCreditNoteInput!) {
        issueCreditNote(input: $input) {
          id
          number
        }
      }
    `),
  );
  const submit = async () => {
    const some = lines.flatMap(({ lineId, amount }) => (amount === undefined ? [] : [{ lineId, amount }]));
    const { data } = await issue({ input: { id: invoice.id, reason, ...(extent === "ALL" ? {} : { lines: some }) } });
    if (data) onClose();
  };
  return (
    <FormDialog title={`Credit note for ${invoice.number}`} onClose={onClose} onSubmit={submit}>
      {error === undefined ? null : <Failure error={error} />}
      <TextInput
        data-autofocus
        label="Reason"
        description="It stands on the credit note"
        value={reason}
        maxLength={500}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <SegmentedControl
        aria-label="How much"
        data={[
          { value: "ALL", label: "All that is left" },
          { value: "LINES", label: "Some lines" },
        ]}
        value={extent}
        onChange={(value) => setExtent(value === "LINES" ? "LINES" : "ALL")}
      />
      {extent === "ALL" ? (
        <Text size="sm">All of its lines, less what earlier credit notes gave back, with their tax.</Text>
      ) : (
        invoice.lines
          .filter(({ amount }) => BigInt(amount) > 0n)
          .map(({ id, description, amount }) => (
            <TextInput
              key={id}
              label={description}
              description={`Up to ${paid(amount, invoice.currency)}, before tax`}
              inputMode="decimal"
              value={amounts[id ?? ""] ?? ""}
              error={isWrong(amounts[id ?? ""]) ? "An amount such as 12.50" : undefined}
              onChange={({ currentTarget: { value } }) => setAmounts((before) => ({ ...before, [id ?? ""]: value }))}
            />
          ))
      )}
      <Button type="submit" loading={fetching} disabled={reason.trim() === "" || !isComplete}>
        Issue credit note
      </Button>
    </FormDialog>
  );
}

function isWrong(text: string | undefined): boolean {
  return text !== undefined && text.trim() !== "" && microsOf(text) === undefined;
}
