import { Button, Modal, Stack } from "@mantine/core";
import type { ReactNode } from "react";
import { CopyButton } from "../components/copy.tsx";
import { type Program, Programs } from "../components/programs.tsx";

interface SecretDialogProps {
  title: string;
  /** What to do with it, before it is seen. */
  lead: ReactNode;
  secret: string;
  /** What else is to be known of it. */
  note?: ReactNode;
  programs: readonly Program[];
  /** What the programs do. */
  what: string;
  onClose: () => void;
}

/** The one time that a secret is seen. A click beside it does not close it. */
export function SecretDialog({ title, lead, secret, note, programs, what, onClose }: SecretDialogProps) {
  return (
    <Modal opened onClose={onClose} title={title} size="lg" closeOnClickOutside={false} centered>
      <Stack>
        {lead}
        <div className="secret">
          <code>{secret}</code>
          <CopyButton text={secret} label="Copy secret" />
        </div>
        {note}
        <Programs programs={programs} what={what} />
        <Button data-autofocus onClick={onClose}>
          I have stored it
        </Button>
      </Stack>
    </Modal>
  );
}
