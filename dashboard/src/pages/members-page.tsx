import { Button, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { useMutation, useQuery } from "urql";
import { type Column, DataTable } from "../components/data-table.tsx";
import { Icon } from "../components/icons.tsx";
import { Badge, Page, Panel } from "../components/page.tsx";
import { Pager, usePages } from "../components/pager.tsx";
import { Empty, Failure } from "../components/states.tsx";
import { When } from "../components/time.tsx";
import { words } from "../format.ts";
import { graphql } from "../graphql/generated/gql.ts";
import type { MembersQuery } from "../graphql/generated/graphql.ts";
import { useMay, useSession } from "../session/who.tsx";
import { InvitationLink } from "./invitation-link.tsx";
import { FormDialog } from "./key-dialogs.tsx";

const MembersDocument = graphql(`
  query Members($after: String, $manages: Boolean!) {
    tenant {
      id
      members(first: 50, after: $after) {
        nodes {
          role
          createdAt
          user {
            id
            email
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
      invitations(first: 50) @include(if: $manages) {
        nodes {
          id
          email
          role
          createdAt
          expiresAt
        }
      }
    }
  }
`);

const ChangeRoleDocument = graphql(`
  mutation ChangeRole($input: ChangeMemberRoleInput!) {
    changeMemberRole(input: $input)
  }
`);

const RemoveMemberDocument = graphql(`
  mutation RemoveMember($input: RemoveMemberInput!) {
    removeMember(input: $input)
  }
`);

const WithdrawDocument = graphql(`
  mutation Withdraw($input: RevokeInvitationInput!) {
    revokeInvitation(input: $input) {
      id
    }
  }
`);

type Member = MembersQuery["tenant"]["members"]["nodes"][number];
export type Role = Member["role"];

const roleMeanings: Record<Role, string> = {
  OWNER: "Owner: everything, other owners too",
  ADMIN: "Admin: everything but owners",
  DEVELOPER: "Developer: asks models, sees usage and keys",
  FINANCE: "Finance: sees usage and plans",
};
const roleChoices = Object.entries(roleMeanings).map(([value, label]) => ({ value, label }));

const roleNames = Object.keys(roleMeanings).map((value) => ({ value, label: words(value) }));

export function MembersPage() {
  const pages = usePages();
  const manages = useMay("members:write");
  const [isInviting, setInviting] = useState(false);
  const [leaving, setLeaving] = useState<Member>();
  const [{ data, error }, ask] = useQuery({
    query: MembersDocument,
    variables: { after: pages.after, manages },
    requestPolicy: "cache-and-network",
  });
  const again = () => ask({ requestPolicy: "network-only" });
  const [changed, changeRole] = useMutation(ChangeRoleDocument);
  const [withdrawn, withdraw] = useMutation(WithdrawDocument);
  const failure = error ?? changed.error ?? withdrawn.error;
  const open = data?.tenant.invitations?.nodes ?? [];
  return (
    <Page
      title="Members"
      lead="Who belongs to this tenant, and what each may do."
      actions={
        manages ? (
          <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setInviting(true)}>
            Invite
          </Button>
        ) : undefined
      }
    >
      {failure === undefined ? null : <Failure error={failure} retry={again} />}
      <Panel flush>
        <DataTable
          label="Members"
          columns={memberColumns({
            manages,
            onRole: (userId, role) => void changeRole({ input: { userId, role } }).then(again),
            onRemove: setLeaving,
          })}
          rows={data?.tenant.members.nodes}
          keyOf={({ user }) => user.id}
          empty={<Empty icon="members" title="No members" />}
        />
      </Panel>
      <Pager pages={pages} pageInfo={data?.tenant.members.pageInfo} />
      {open.length === 0 ? null : (
        <Panel title="Invited" note="They become members when they open their link." flush>
          <DataTable
            label="Open invitations"
            columns={[
              { head: "Email", cell: ({ email }) => email },
              { head: "Role", cell: ({ role }) => words(role) },
              { head: "Invited", cell: ({ createdAt }) => <When at={createdAt} /> },
              { head: "Expires", cell: ({ expiresAt }) => <When at={expiresAt} /> },
              {
                head: "Actions",
                isAction: true,
                cell: ({ id }) => (
                  <Button size="xs" variant="default" onClick={() => void withdraw({ input: { id } }).then(again)}>
                    Withdraw
                  </Button>
                ),
              },
            ]}
            rows={open}
            keyOf={({ id }) => id}
            empty={null}
          />
        </Panel>
      )}
      {isInviting ? <Invite onClose={() => setInviting(false)} onInvited={again} /> : null}
      {leaving === undefined ? null : <Remove member={leaving} onClose={() => setLeaving(undefined)} onDone={again} />}
    </Page>
  );
}

interface Managing {
  manages: boolean;
  onRole: (userId: string, role: Role) => void;
  onRemove: (member: Member) => void;
}

function memberColumns({ manages, onRole, onRemove }: Managing): Column<Member>[] {
  const columns: Column<Member>[] = [
    { head: "Email", cell: ({ user }) => <Person id={user.id} email={user.email} /> },
    {
      head: "Role",
      cell: ({ user, role }) =>
        manages ? (
          <Select
            aria-label={`Role of ${user.email}`}
            size="xs"
            w={130}
            allowDeselect={false}
            data={roleNames}
            value={role}
            onChange={(value) => onRole(user.id, (value ?? role) as Role)}
          />
        ) : (
          words(role)
        ),
    },
    { head: "Joined", cell: ({ createdAt }) => <When at={createdAt} /> },
  ];
  if (!manages) return columns;
  const remove: Column<Member> = {
    head: "Actions",
    isAction: true,
    cell: (member) => (
      <Button size="xs" variant="default" aria-label={`Remove ${member.user.email}`} onClick={() => onRemove(member)}>
        Remove
      </Button>
    ),
  };
  return [...columns, remove];
}

function Person({ id, email }: { id: string; email: string }) {
  const { who } = useSession();
  return (
    <span className="row">
      <span className="strong">{email}</span>
      {who.userId === id ? <Badge>You</Badge> : null}
    </span>
  );
}

function Invite({ onClose, onInvited }: { onClose: () => void; onInvited: () => void }) {
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("DEVELOPER");
  const [{ data, error, fetching }, invite] = useMutation(
    graphql(`
      mutation Invite($input: InviteMemberInput!) {
        inviteMember(input: $input) {
          token
          invitation {
            id
          }
        }
      }
    `),
  );
  if (data) return <InvitationLink email={email} token={data.inviteMember.token} onClose={onClose} />;
  const submit = async () => {
    const { data: made } = await invite({ input: { email, role } });
    if (made) onInvited();
  };
  return (
    <FormDialog title="Invite a member" onClose={onClose} onSubmit={submit}>
      {error === undefined ? null : <Failure error={error} />}
      <TextInput
        data-autofocus
        label="Email"
        type="email"
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
      />
      <Select
        label="Role"
        data={roleChoices}
        value={role}
        allowDeselect={false}
        onChange={(value) => setRole((value ?? "DEVELOPER") as Role)}
      />
      <Button type="submit" loading={fetching} disabled={email === ""}>
        Make the invitation
      </Button>
    </FormDialog>
  );
}

function Remove({ member, onClose, onDone }: { member: Member; onClose: () => void; onDone: () => void }) {
  const [{ error, fetching }, remove] = useMutation(RemoveMemberDocument);
  const submit = async () => {
    const { data } = await remove({ input: { userId: member.user.id } });
    if (!data) return;
    onDone();
    onClose();
  };
  return (
    <FormDialog title={`Remove ${member.user.email}`} onClose={onClose} onSubmit={submit}>
      {error === undefined ? null : <Failure error={error} />}
      <p>They are refused within a second. Keys that they issued go on working: revoke those by themselves.</p>
      <Button type="submit" color="red" loading={fetching}>
        Remove
      </Button>
    </FormDialog>
  );
}
