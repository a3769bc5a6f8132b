import { Button, Text } from "@mantine/core";
import { useState } from "react";
import { useMutation, useQuery } from "urql";
import { Failure } from "../../components/states.tsx";
import { words } from "../../format.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import { FormDialog } from "../key-dialogs.tsx";
import { LimitFields } from "../plans/limit-fields.tsx";
import { emptyLimit, limitInputOf, limitProblem } from "../plans/limit-form.ts";
import type { TenantLimit } from "./tenant-page.tsx";

const PlatformModelsDocument = graphql(`
  query PlatformModels {
    models(first: 100) {
      nodes {
        id
        name
      }
    }
  }
`);

interface DialogProps {
  tenant: { id: string; name: string; currency: string };
  onClose: () => void;
  onDone: () => void;
}

export function SetLimit({ tenant, onClose, onDone }: DialogProps) {
  const [limit, setLimit] = useState(emptyLimit);
  const [{ data: known }] = useQuery({ query: PlatformModelsDocument });
  const [{ error, fetching }, set] = useMutation(
    graphql(`
      mutation SetTenantLimit($input: SetTenantLimitInput!) {
        setTenantLimit(input: $input) {
          id
        }
      }
    `),
  );
  const submit = async () => {
    const { data } = await set({ input: { tenantId: tenant.id, limit: limitInputOf(limit) } });
    if (!data) return;
    onDone();
    onClose();
  };
  return (
    <FormDialog title={`Set a limit of ${tenant.name}`} onClose={onClose} onSubmit={submit}>
      {error === undefined ? null : <Failure error={error} />}
      <Text size="sm">
        It takes the place of the plan's of the same kind, meter, model and period, from the next request on.
      </Text>
      <LimitFields
        limit={limit}
        currency={tenant.currency}
        models={(known?.models.nodes ?? []).map(({ name }) => name)}
        onChange={setLimit}
      />
      <Button type="submit" loading={fetching} disabled={limitProblem(limit) !== undefined}>
        Set limit
      </Button>
    </FormDialog>
  );
}

export function RemoveLimit({ tenant, limit, onClose, onDone }: DialogProps & { limit: TenantLimit }) {
  const [{ error, fetching }, remove] = useMutation(
    graphql(`
      mutation RemoveLimit($input: RemoveLimitInput!) {
        removeLimit(input: $input) {
          id
        }
      }
    `),
  );
  const submit = async () => {
    const { data } = await remove({ input: { tenantId: tenant.id, id: limit.id } });
    if (!data) return;
    onDone();
    onClose();
  };
  return (
    <FormDialog
      title={`Remove a ${words(limit.kind).toLowerCase()} of ${tenant.name}`}
      onClose={onClose}
      onSubmit={submit}
    >
      {error === undefined ? null : <Failure error={error} />}
      <Text size="sm">The plan's limit holds again from the next request on, where it has one.</Text>
      <Button data-autofocus type="submit" color="red" loading={fetching}>
        Remove limit
      </Button>
    </FormDialog>
  );
}
