import { Button, Modal, Stack, Text } from "@mantine/core";
import { CopyButton } from "../components/copy.tsx";

/** The link to hand over. The token stands behind the #, which no browser sends and no log holds. */
export function InvitationLink({ email, token, onClose }: { email: string; token: string; onClose: () => void }) {
  const link = `${window.location.origin}/invitation#${token}`;
  return (
    <Modal
      opened
      closeButtonProps={{ "aria-label": "Close" }}
      onClose={onClose}
      title={`Invitation for ${email}`}
      size="lg"
      closeOnClickOutside={false}
      centered
    >
      <Stack>
        <Text size="sm">
          Send this link to {email}, and to nobody else. It is shown this once, works once, and for seven days.
        </Text>
        <div className="secret">
          <code>{link}</code>
          <CopyButton text={link} label="Copy link" />
        </div>
        <Button data-autofocus onClick={onClose}>
          Done
        </Button>
      </Stack>
    </Modal>
  );
}
