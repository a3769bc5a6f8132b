import { Button, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { type CombinedError, useMutation } from "urql";
import { Failure } from "../../components/states.tsx";
import { paid } from "../../format.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import { FormDialog } from "../key-dialogs.tsx";
import { CreditNoteDialog } from "./credit-note-dialog.tsx";
import type { Invoice } from "./invoice-page.tsx";

type Doing = "PAID" | "VOID" | "CREDIT";

/** What an operator can do to an invoice that was issued: each once, and none of it by changing the invoice. */
export function InvoiceActions({ invoice }: { invoice: Invoice }) {
  const [doing, setDoing] = useState<Doing>();
  const close = () => setDoing(undefined);
  const isOpen = invoice.state === "ISSUED";
  const isInvoice = invoice.kind === "INVOICE";
  return (
    <div className="row">
      {isOpen ? <Button onClick={() => setDoing("PAID")}>Mark as paid</Button> : null}
      {isInvoice && invoice.state !== "VOID" ? (
        <Button variant="default" onClick={() => setDoing("CREDIT")}>
          Credit note
        </Button>
      ) : null}
      {isInvoice && isOpen && invoice.creditNotes.length === 0 ? (
        <Button variant="default" onClick={() => setDoing("VOID")}>
          Void
        </Button>
      ) : null}
      {doing === "PAID" ? <MarkPaid invoice={invoice} onClose={close} /> : null}
      {doing === "VOID" ? <VoidInvoice invoice={invoice} onClose={close} /> : null}
      {doing === "CREDIT" ? <CreditNoteDialog invoice={invoice} onClose={close} /> : null}
    </div>
  );
}

interface DialogProps {
  invoice: Invoice;
  onClose: () => void;
}

function MarkPaid({ invoice, onClose }: DialogProps) {
  const [reference, setReference] = useState("");
  const [{ error, fetching }, mark] = useMutation(
    graphql(`
      mutation MarkPaid($input: MarkInvoicePaidInput!) {
        markInvoicePaid(input: $input) {
          id
          state
          paidAt
          paymentReference
        }
      }
    `),
  );
  const submit = async () => {
    const { data } = await mark({ input: { id: invoice.id, reference } });
    if (data) onClose();
  };
  return (
    <FormDialog title={`${invoice.number} was paid`} onClose={onClose} onSubmit={submit}>
      <Problem error={error} />
      <Text size="sm">
        {paid(invoice.total, invoice.currency)} came in, now. This is written once: what was paid cannot be voided any
        more, only credited.
      </Text>
      <TextInput
        data-autofocus
        label="Reference"
        description="What the payment is known by, such as a bank's reference"
        value={reference}
        maxLength={500}
        onChange={(event) => setReference(event.currentTarget.value)}
      />
      <Button type="submit" loading={fetching}>
        Mark as paid
      </Button>
    </FormDialog>
  );
}

function VoidInvoice({ invoice, onClose }: DialogProps) {
  const [reason, setReason] = useState("");
  const [{ error, fetching }, take] = useMutation(
    graphql(`
      mutation VoidInvoice($input: VoidInvoiceInput!) {
        voidInvoice(input: $input) {
          id
          state
          reason
          voidedAt
        }
      }
    `),
  );
  const submit = async () => {
    const { data } = await take({ input: { id: invoice.id, reason } });
    if (data) onClose();
  };
  return (
    <FormDialog title={`Void ${invoice.number}`} onClose={onClose} onSubmit={submit}>
      <Problem error={error} />
      <Text size="sm">
        The invoice is taken back as a whole: credits come back, its number stays taken, and the period can be issued
        anew.
      </Text>
      <TextInput
        data-autofocus
        label="Reason"
        description="It stands in the books"
        value={reason}
        maxLength={500}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <Button type="submit" color="red" loading={fetching} disabled={reason.trim() === ""}>
        Void for good
      </Button>
    </FormDialog>
  );
}

function Problem({ error }: { error: CombinedError | undefined }) {
  return error === undefined ? null : <Failure error={error} />;
}
