import { Alert, Button, PasswordInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useMutation } from "urql";
import { Mark } from "../components/icons.tsx";
import { messageOf } from "../components/states.tsx";
import { graphql } from "../graphql/generated/gql.ts";
import { signIn } from "./session.ts";

/** Where an invitation's link leads: the person gives the password of the invited address, or chooses its first. */
export function InvitationPage({ token, onSignedIn }: { token: string; onSignedIn: () => void }) {
  const [password, setPassword] = useState("");
  const [{ error, fetching }, accept] = useMutation(
    graphql(`
      mutation Accept($input: AcceptInvitationInput!) {
        acceptInvitation(input: $input)
      }
    `),
  );
  const submit = async () => {
    const { data } = await accept({ input: { token, password } });
    if (!data) return;
    await signIn({ email: data.acceptInvitation, password });
    onSignedIn();
  };
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    void submit();
  };
  return (
    <main className="door">
      <div className="door-card">
        <div className="door-brand">
          <Mark size={30} />
          <span>Tollgate</span>
        </div>
        <h1>You are invited</h1>
        <p className="dim">
          If the address that was invited signs in here already, give its password. If not, choose one of 12 characters
          or more.
        </p>
        <form onSubmit={onSubmit}>
          {error === undefined ? null : (
            <Alert color="red" variant="light" role="alert">
              {messageOf(error)}
            </Alert>
          )}
          <PasswordInput
            label="Password"
            autoComplete="new-password"
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <Button type="submit" loading={fetching} disabled={token === "" || password === ""}>
            Join
          </Button>
        </form>
      </div>
    </main>
  );
}
