import { Button } from "@mantine/core";
import { useState } from "react";
import { useMutation } from "urql";
import { Panel } from "../components/page.tsx";
import { Failure } from "../components/states.tsx";
import { graphql } from "../graphql/generated/gql.ts";
import { useSession } from "../session/who.tsx";
import { FormDialog } from "./key-dialogs.tsx";

/** The way out of the tenant that a member is in; nobody else is needed for it. */
export function LeaveTenant() {
  const { who } = useSession();
  const [isAsked, setAsked] = useState(false);
  if (who.kind !== "MEMBER") return null;
  return (
    <Panel title="Leave the tenant" note="Gives up your place in it. Keys that you issued go on working.">
      <Button variant="default" onClick={() => setAsked(true)}>
        Leave {who.tenantName}
      </Button>
      {isAsked ? <Confirm name={who.tenantName ?? "the tenant"} onClose={() => setAsked(false)} /> : null}
    </Panel>
  );
}

function Confirm({ name, onClose }: { name: string; onClose: () => void }) {
  const { restart } = useSession();
  const [{ error, fetching }, leave] = useMutation(
    graphql(`
      mutation LeaveTenant {
        leaveTenant
      }
    `),
  );
  const submit = async () => {
    const { data } = await leave({});
    if (data) restart();
  };
  return (
    <FormDialog title={`Leave ${name}`} onClose={onClose} onSubmit={submit}>
      {error === undefined ? null : <Failure error={error} />}
      <p>You are signed out, and see nothing of it any more. To come back, you have to be invited again.</p>
      <Button data-autofocus type="submit" color="red" loading={fetching}>
        Leave for good
      </Button>
    </FormDialog>
  );
}
