import { Button, PasswordInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useMutation } from "urql";
import { Id } from "../components/copy.tsx";
import { Page, Panel } from "../components/page.tsx";
import { Failure } from "../components/states.tsx";
import { graphql } from "../graphql/generated/gql.ts";
import { useSession } from "../session/who.tsx";
import { LeaveTenant } from "./leave-tenant.tsx";

export function SettingsPage() {
  const { who } = useSession();
  return (
    <Page title="Settings" lead="What is yours alone, in whichever tenant you are.">
      <Panel title="You">
        <dl className="facts wide">
          <div>
            <dt className="dim small">Email</dt>
            <dd>{who.email}</dd>
          </div>
          <div>
            <dt className="dim small">User</dt>
            <dd>
              <Id value={who.userId} />
            </dd>
          </div>
          {who.tenantId === null ? null : (
            <div>
              <dt className="dim small">Tenant</dt>
              <dd>
                <Id value={who.tenantId} />
              </dd>
            </div>
          )}
        </dl>
      </Panel>
      <Panel title="Permissions" note="What your role lets you do here">
        <span className="chips left">
          {[...who.permissions].map((name) => (
            <code key={name} className="chip">
              {name}
            </code>
          ))}
        </span>
      </Panel>
      <Panel title="Password" note="A change ends all your other sign-ins.">
        <ChangePassword />
      </Panel>
      <Panel title="Sign out everywhere" note="Ends every sign-in of yours, on every machine, within a second.">
        <Everywhere />
      </Panel>
      <LeaveTenant />
    </Page>
  );
}

function ChangePassword() {
  const [currentPassword, setCurrent] = useState("");
  const [newPassword, setNew] = useState("");
  const [{ data, error, fetching }, change] = useMutation(
    graphql(`
      mutation ChangePassword($input: ChangePasswordInput!) {
        changePassword(input: $input)
      }
    `),
  );
  const submit = async () => {
    const { data: done } = await change({ input: { currentPassword, newPassword } });
    if (!done) return;
    setCurrent("");
    setNew("");
  };
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    void submit();
  };
  return (
    <form className="stack narrow" onSubmit={onSubmit}>
      {error === undefined ? null : <Failure error={error} />}
      {data && currentPassword === "" ? <p role="status">Your password was changed.</p> : null}
      <PasswordInput
        label="Current password"
        autoComplete="current-password"
        value={currentPassword}
        onChange={(event) => setCurrent(event.currentTarget.value)}
      />
      <PasswordInput
        label="New password"
        description="12 characters or more"
        autoComplete="new-password"
        value={newPassword}
        onChange={(event) => setNew(event.currentTarget.value)}
      />
      <div>
        <Button
          type="submit"
          variant="default"
          loading={fetching}
          disabled={currentPassword === "" || newPassword.length < 12}
        >
          Change password
        </Button>
      </div>
    </form>
  );
}

function Everywhere() {
  const { restart } = useSession();
  const [{ error, fetching }, signOut] = useMutation(
    graphql(`
      mutation SignOutEverywhere {
        signOutEverywhere
      }
    `),
  );
  const submit = async () => {
    const { data } = await signOut({});
    if (data) restart();
  };
  return (
    <>
      {error === undefined ? null : <Failure error={error} />}
      <Button variant="default" loading={fetching} onClick={() => void submit()}>
        Sign out everywhere
      </Button>
    </>
  );
}
