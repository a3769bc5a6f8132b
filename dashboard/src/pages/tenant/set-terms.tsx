import { Button, TextInput } from "@mantine/core";
import { useState } from "react";
import { useMutation } from "urql";
import { Failure } from "../../components/states.tsx";
import { graphql } from "../../graphql/generated/gql.ts";
import { FormDialog } from "../key-dialogs.tsx";

interface SetTermsProps {
  tenant: { id: string; name: string };
  terms: { taxRatePpm: number; anchorDay: number };
  onClose: () => void;
  onDone: () => void;
}

/** Tax, and when periods begin. */
export function SetTerms({ tenant, terms, onClose, onDone }: SetTermsProps) {
  const [tax, setTax] = useState(String(terms.taxRatePpm / 10_000));
  const [anchorDay, setAnchorDay] = useState(String(terms.anchorDay));
  const isTax = /^\d{1,3}(\.\d{1,4})?$/.test(tax) && Number(tax) <= 100;
  const isDay = /^\d{1,2}$/.test(anchorDay) && Number(anchorDay) >= 1 && Number(anchorDay) <= 31;
  const [{ error, fetching }, set] = useMutation(
    graphql(`
      mutation SetBillingTerms($input: SetBillingTermsInput!) {
        setBillingTerms(input: $input) {
          taxRatePpm
          anchorDay
        }
      }
    `),
  );
  const submit = async () => {
    const taxRatePpm = Math.round(Number(tax) * 10_000);
    const { data } = await set({ input: { tenantId: tenant.id, taxRatePpm, anchorDay: Number(anchorDay) } });
    if (!data) return;
    onDone();
    onClose();
  };
  return (
    <FormDialog title={`How ${tenant.name} is billed`} onClose={onClose} onSubmit={submit}>
      {error === undefined ? null : <Failure error={error} />}
      <TextInput
        data-autofocus
        label="Tax, %"
        inputMode="decimal"
        value={tax}
        error={isTax ? undefined : "From 0 to 100"}
        onChange={(event) => setTax(event.currentTarget.value)}
      />
      <TextInput
        label="Periods begin on day"
        description="Of the month, at 00:00 UTC; until anything was used"
        inputMode="numeric"
        value={anchorDay}
        error={isDay ? undefined : "From 1 to 31"}
        onChange={(event) => setAnchorDay(event.currentTarget.value)}
      />
      <Button type="submit" loading={fetching} disabled={!isTax || !isDay}>
        Save
      </Button>
    </FormDialog>
  );
}
