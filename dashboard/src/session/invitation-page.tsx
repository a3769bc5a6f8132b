import { PasswordInput } from "@mantine/core";
import { useState } from "react";
import { useMutation } from "urql";
import { messageOf } from "../components/states.tsx";
import { graphql } from "../graphql/generated/gql.ts";
import { Door } from "./door.tsx";
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
  return (
    <Door
      title="You are invited"
      lead="If the address that was invited signs in here already, give its password. If not, choose one of 12 characters or more."
      problem={error === undefined ? undefined : messageOf(error)}
      action="Join"
      isWaiting={fetching}
      isComplete={token !== "" && password !== ""}
      onSubmit={submit}
    >
      <PasswordInput
        label="Password"
        autoComplete="new-password"
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
    </Door>
  );
}
