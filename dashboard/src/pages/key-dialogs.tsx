import { Button, Checkbox, Modal, Select, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, type ReactNode, useState } from "react";
import { useMutation } from "urql";
import { Failure } from "../components/states.tsx";
import { graphql } from "../graphql/generated/gql.ts";
import { useSession } from "../session/who.tsx";
import type { Key } from "./keys-page.tsx";

export interface IssuedSecret {
  name: string;
  secret: string;
  overlapEndsAt: string | undefined;
}

/** What a key can be granted, and what it is good for. */
const grantable = [
  ["inferences:create", "Ask models for answers"],
  ["models:read", "See models, versions and aliases"],
  ["usage:read", "See usage and limits"],
  ["keys:read", "See API keys, never their secrets"],
] as const;

const dayMs = 86_400_000;
const lifetimes = [
  { value: "30", label: "30 days" },
  { value: "90", label: "90 days" },
  { value: "365", label: "1 year" },
  { value: "never", label: "Never" },
];

interface DialogProps {
  onClose: () => void;
  onIssued: (issued: IssuedSecret) => void;
}

export function IssueKey({ onClose, onIssued }: DialogProps) {
  const mine = useSession().who.permissions;
  const offered = grantable.filter(([permission]) => mine.has(permission));
  const [name, setName] = useState("");
  const [permissions, setPermissions] = useState<string[]>(["inferences:create", "models:read"]);
  const [lifetime, setLifetime] = useState("90");
  const [cidrs, setCidrs] = useState("");
  const [{ fetching, error }, issue] = useMutation(
    graphql(`
      mutation IssueKey($input: IssueApiKeyInput!) {
        issueApiKey(input: $input) {
          secret
          apiKey {
            id
            name
          }
        }
      }
    `),
  );
  const submit = async () => {
    const expiresAt = lifetime === "never" ? null : new Date(Date.now() + Number(lifetime) * dayMs).toISOString();
    const allowedCidrs = cidrs.split(/[\s,]+/).filter((cidr) => cidr !== "");
    const { data } = await issue({ input: { name, permissions, expiresAt, allowedCidrs } });
    if (data) onIssued({ name, secret: data.issueApiKey.secret, overlapEndsAt: undefined });
  };
  return (
    <FormDialog title="Issue an API key" onClose={onClose} onSubmit={submit}>
      {error === undefined ? null : <Failure error={error} />}
      <TextInput
        data-autofocus
        label="Name"
        description="Where it will be used, such as “billing worker”."
        value={name}
        maxLength={100}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Checkbox.Group label="It may" value={permissions} onChange={setPermissions}>
        <Stack gap={8} mt={6}>
          {offered.map(([permission, meaning]) => (
            <Checkbox key={permission} value={permission} label={meaning} description={permission} />
          ))}
        </Stack>
      </Checkbox.Group>
      <Select
        label="It stops by itself after"
        data={lifetimes}
        value={lifetime}
        allowDeselect={false}
        onChange={(value) => setLifetime(value ?? "90")}
      />
      <TextInput
        label="Only from"
        description="Ranges of addresses, such as 203.0.113.0/24. Empty: from anywhere."
        value={cidrs}
        onChange={(event) => setCidrs(event.currentTarget.value)}
      />
      <Button type="submit" loading={fetching} disabled={name.trim() === "" || permissions.length === 0}>
        Issue key
      </Button>
    </FormDialog>
  );
}

const overlaps = [
  { value: "0", label: "At once" },
  { value: "3600", label: "After 1 hour" },
  { value: "86400", label: "After 1 day" },
  { value: "604800", label: "After 7 days" },
];

export function RotateKey({ apiKey, onClose, onIssued }: DialogProps & { apiKey: Key }) {
  const [overlap, setOverlap] = useState("3600");
  const [{ fetching, error }, rotate] = useMutation(
    graphql(`
      mutation RotateKey($input: RotateApiKeyInput!) {
        rotateApiKey(input: $input) {
          secret
          apiKey {
            id
            name
          }
        }
      }
    `),
  );
  const submit = async () => {
    const overlapSeconds = Number(overlap);
    const overlapEndsAt = new Date(Date.now() + overlapSeconds * 1000).toISOString();
    const { data } = await rotate({ input: { id: apiKey.id, overlapSeconds } });
    if (data) onIssued({ name: apiKey.name, secret: data.rotateApiKey.secret, overlapEndsAt });
  };
  return (
    <FormDialog title={`Rotate ${apiKey.name}`} onClose={onClose} onSubmit={submit}>
      {error === undefined ? null : <Failure error={error} />}
      <Text size="sm">A new key takes its place, with the same permissions. Both work during the overlap.</Text>
      <Select
        data-autofocus
        label="The old key stops"
        data={overlaps}
        value={overlap}
        allowDeselect={false}
        onChange={(value) => setOverlap(value ?? "3600")}
      />
      <Button type="submit" loading={fetching}>
        Rotate
      </Button>
    </FormDialog>
  );
}

export function RevokeKey({ apiKey, onClose }: { apiKey: Key; onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const [tookMs, setTookMs] = useState<number>();
  const [{ fetching, error }, revoke] = useMutation(
    graphql(`
      mutation RevokeKey($input: RevokeApiKeyInput!) {
        revokeApiKey(input: $input) {
          id
          revokedAt
        }
      }
    `),
  );
  const submit = async () => {
    const startedAt = performance.now();
    const { data } = await revoke({ input: { id: apiKey.id } });
    if (data) setTookMs(Math.round(performance.now() - startedAt));
  };
  if (tookMs !== undefined)
    return (
      <Modal opened closeButtonProps={{ "aria-label": "Close" }} onClose={onClose} title="Revoked" centered>
        <Stack>
          <Text size="sm" role="status">
            <strong>{apiKey.name}</strong> was revoked in {tookMs} ms, and is refused by every gateway within a second
            of that.
          </Text>
          <Button data-autofocus onClick={onClose}>
            Done
          </Button>
        </Stack>
      </Modal>
    );
  return (
    <FormDialog title={`Revoke ${apiKey.name}`} onClose={onClose} onSubmit={submit}>
      {error === undefined ? null : <Failure error={error} />}
      <Text size="sm">
        Whatever asks with this key is refused within a second, everywhere, for good. To replace it without a gap,
        rotate it.
      </Text>
      <TextInput
        data-autofocus
        label={`Type ${apiKey.name} to confirm`}
        value={typed}
        autoComplete="off"
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      <Button type="submit" color="red" loading={fetching} disabled={typed !== apiKey.name}>
        Revoke for good
      </Button>
    </FormDialog>
  );
}

interface FormDialogProps {
  title: string;
  onClose: () => void;
  onSubmit: () => Promise<void>;
  children: ReactNode;
}

/** A dialog that is one form. */
export function FormDialog({ title, onClose, onSubmit, children }: FormDialogProps) {
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void onSubmit();
  };
  return (
    <Modal opened closeButtonProps={{ "aria-label": "Close" }} onClose={onClose} title={title} centered>
      <form onSubmit={submit}>
        <Stack>{children}</Stack>
      </form>
    </Modal>
  );
}
