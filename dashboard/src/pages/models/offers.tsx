import { Button, Select, Switch } from "@mantine/core";
import { useState } from "react";
import { useMutation, useQuery } from "urql";
import { Panel } from "../../components/page.tsx";
import { Failure } from "../../components/states.tsx";
import { graphql } from "../../graphql/generated/gql.ts";
import { FormDialog } from "../key-dialogs.tsx";
import type { OpenedModel } from "./model-page.tsx";

interface OffersProps {
  model: OpenedModel;
  offers: NonNullable<OpenedModel["offers"]>;
  onChanged: () => void;
}

const OfferDocument = graphql(`
  mutation OfferModel($input: OfferModelInput!) {
    offerModel(input: $input) {
      id
    }
  }
`);

const WithdrawDocument = graphql(`
  mutation WithdrawModel($input: OfferModelInput!) {
    withdrawModel(input: $input) {
      id
    }
  }
`);

/** Which tenants may call a model of the platform: all, or those that are named. */
export function Offers({ model, offers, onChanged }: OffersProps) {
  const [isAdding, setAdding] = useState(false);
  const [offered, offer] = useMutation(OfferDocument);
  const [withdrawn, withdraw] = useMutation(WithdrawDocument);
  const error = offered.error ?? withdrawn.error;
  const isBusy = offered.fetching || withdrawn.fetching;
  const setAll = async (isToAll: boolean) => {
    await (isToAll ? offer : withdraw)({ input: { model: model.name } });
    onChanged();
  };
  const remove = async (tenantId: string) => {
    await withdraw({ input: { model: model.name, tenantId } });
    onChanged();
  };
  const unnamed = offers.tenantCount - offers.tenants.length;
  return (
    <Panel
      title="Offered to"
      note="Tenants that it is not offered to do not learn that it exists."
      actions={
        <Button size="xs" variant="default" onClick={() => setAdding(true)}>
          Offer to a tenant
        </Button>
      }
    >
      <div className="stack">
        {error === undefined ? null : <Failure error={error} />}
        <Switch
          label="All tenants"
          description="Those named below keep their own offer when this is taken back."
          checked={offers.isToAll}
          disabled={isBusy}
          onChange={(event) => void setAll(event.currentTarget.checked)}
        />
        {offers.tenants.length === 0 ? <p className="dim small">No tenant is named.</p> : null}
        <ul className="offered">
          {offers.tenants.map(({ id, name }) => (
            <li key={id}>
              <span>{name}</span>
              <Button
                size="compact-xs"
                variant="subtle"
                color="gray"
                disabled={isBusy}
                aria-label={`Withdraw from ${name}`}
                onClick={() => void remove(id)}
              >
                Withdraw
              </Button>
            </li>
          ))}
        </ul>
        {unnamed > 0 ? <p className="dim small">and {unnamed} more</p> : null}
      </div>
      {isAdding ? (
        <OfferToTenant
          model={model.name}
          onDone={() => {
            setAdding(false);
            onChanged();
          }}
        />
      ) : null}
    </Panel>
  );
}

function OfferToTenant({ model, onDone }: { model: string; onDone: () => void }) {
  const [tenantId, setTenantId] = useState<string | null>(null);
  const [{ data }] = useQuery({
    query: graphql(`
      query OfferableTenants {
        tenants(first: 100) {
          nodes {
            id
            name
          }
        }
      }
    `),
  });
  const [{ fetching, error }, offer] = useMutation(OfferDocument);
  const submit = async () => {
    if (tenantId === null) return;
    const { data: done } = await offer({ input: { model, tenantId } });
    if (done) onDone();
  };
  return (
    <FormDialog title={`Offer ${model} to a tenant`} onClose={onDone} onSubmit={submit}>
      {error === undefined ? null : <Failure error={error} />}
      <Select
        data-autofocus
        label="Tenant"
        description="The hundred newest; others by their id, through the API."
        searchable
        data={data?.tenants.nodes.map(({ id, name }) => ({ value: id, label: name })) ?? []}
        value={tenantId}
        onChange={setTenantId}
      />
      <Button type="submit" loading={fetching} disabled={tenantId === null}>
        Offer
      </Button>
    </FormDialog>
  );
}
