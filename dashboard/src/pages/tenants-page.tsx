import { Button, Modal, Select, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useMutation, useQuery } from "urql";
import { Link } from "wouter";
import { CopyButton, Id } from "../components/copy.tsx";
import { type Column, DataTable } from "../components/data-table.tsx";
import { Icon } from "../components/icons.tsx";
import { Page, Panel } from "../components/page.tsx";
import { Pager, usePages } from "../components/pager.tsx";
import { Empty, Failure } from "../components/states.tsx";
import { When } from "../components/time.tsx";
import { graphql } from "../graphql/generated/gql.ts";
import type { TenantsQuery } from "../graphql/generated/graphql.ts";
import { FormDialog } from "./key-dialogs.tsx";

const TenantsDocument = graphql(`
  query Tenants($after: String) {
    tenants(first: 25, after: $after) {
      nodes {
        id
        name
        createdAt
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
    plans {
      id
      name
    }
  }
`);

type Tenant = TenantsQuery["tenants"]["nodes"][number];

const columns: Column<Tenant>[] = [
  { head: "Tenant", cell: ({ id, name }) => <TenantLink id={id} name={name} /> },
  { head: "Made", cell: ({ createdAt }) => <When at={createdAt} /> },
  { head: "Id", cell: ({ id }) => <Id value={id} /> },
];

function TenantLink({ id, name }: { id: string; name: string }) {
  return (
    <Link className="text-link strong" href={`/tenants/${id}`}>
      {name}
    </Link>
  );
}

export function TenantsPage() {
  const pages = usePages();
  const [isMaking, setMaking] = useState(false);
  const [{ data, error }, ask] = useQuery({ query: TenantsDocument, variables: { after: pages.after } });
  const make = (
    <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setMaking(true)}>
      New tenant
    </Button>
  );
  return (
    <Page title="Tenants" lead="Every organisation on this platform. What is theirs, only they see." actions={make}>
      {error === undefined ? null : <Failure error={error} retry={() => ask({ requestPolicy: "network-only" })} />}
      <Panel flush>
        <DataTable
          label="Tenants"
          columns={columns}
          rows={data?.tenants.nodes}
          keyOf={({ id }) => id}
          empty={
            <Empty icon="tenants" title="No tenants yet" action={make}>
              A tenant has members, keys and a bill of its own.
            </Empty>
          }
        />
      </Panel>
      <Pager pages={pages} pageInfo={data?.tenants.pageInfo} />
      {isMaking ? (
        <NewTenant plans={(data?.plans ?? []).map(({ name }) => name)} onClose={() => setMaking(false)} />
      ) : null}
    </Page>
  );
}

function NewTenant({ plans, onClose }: { plans: string[]; onClose: () => void }) {
  const [name, setName] = useState("");
  const [ownerEmail, setOwnerEmail] = useState("");
  const [plan, setPlan] = useState(plans[0] ?? "");
  const [{ data, fetching, error }, create] = useMutation(
    graphql(`
      mutation NewTenant($input: CreateTenantInput!) {
        createTenant(input: $input) {
          ownerPassword
          tenant {
            id
            name
          }
        }
      }
    `),
  );
  if (data) {
    const { tenant, ownerPassword } = data.createTenant;
    return <MadeTenant name={tenant.name} ownerEmail={ownerEmail} password={ownerPassword} onClose={onClose} />;
  }
  const submit = async () => {
    await create({ input: { name, ownerEmail, plan } });
  };
  return (
    <FormDialog title="New tenant" onClose={onClose} onSubmit={submit}>
      {error === undefined ? null : <Failure error={error} />}
      <TextInput data-autofocus label="Name" value={name} onChange={(event) => setName(event.currentTarget.value)} />
      <TextInput
        label="Owner's email"
        type="email"
        value={ownerEmail}
        onChange={(event) => setOwnerEmail(event.currentTarget.value)}
      />
      <Select label="Plan" data={plans} value={plan} allowDeselect={false} onChange={(value) => setPlan(value ?? "")} />
      <Button type="submit" loading={fetching} disabled={name.trim() === "" || ownerEmail === "" || plan === ""}>
        Make tenant
      </Button>
    </FormDialog>
  );
}

interface MadeProps {
  name: string;
  ownerEmail: string;
  password: string | null;
  onClose: () => void;
}

function MadeTenant({ name, ownerEmail, password, onClose }: MadeProps) {
  return (
    <Modal opened onClose={onClose} title={`${name} is there`} closeOnClickOutside={false} centered>
      <Stack>
        {password === null ? (
          <Text size="sm">{ownerEmail} had a user already, and signs in with the password that they have.</Text>
        ) : (
          <>
            <Text size="sm">{ownerEmail} signs in with this password. It is shown this once.</Text>
            <div className="secret">
              <code>{password}</code>
              <CopyButton text={password} label="Copy password" />
            </div>
          </>
        )}
        <Button data-autofocus onClick={onClose}>
          Done
        </Button>
      </Stack>
    </Modal>
  );
}
