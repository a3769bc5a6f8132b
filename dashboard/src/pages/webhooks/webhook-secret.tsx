import { Text } from "@mantine/core";
import type { Program } from "../../components/programs.tsx";
import { SecretDialog } from "../secret-dialog.tsx";

/** The one time that an endpoint's secret is seen, with how a server verifies what is signed with it. */
export function WebhookSecret({ url, secret, onClose }: { url: string; secret: string; onClose: () => void }) {
  return (
    <SecretDialog
      title="The endpoint's secret"
      lead={
        <Text size="sm" className="break">
          Store it where the server behind {url} reads it: it is shown this once. What is posted there is signed with
          it.
        </Text>
      }
      secret={secret}
      programs={programs}
      what="To verify a post"
      onClose={onClose}
    />
  );
}

/** The secret comes from the environment in each of them: nobody shall commit it with the program. */
const programs: readonly Program[] = [
  {
    language: "TypeScript",
    code: `import { Webhook } from "standardwebhooks";

const webhook = new Webhook(process.env.WEBHOOK_SECRET);

// body: the bytes as they came.
// Throws for what Tollgate did not send.
export function eventOf(headers: Record<string, string>, body: string) {
  return webhook.verify(body, headers);
}`,
  },
  {
    language: "Python",
    code: `import os
from standardwebhooks import Webhook

webhook = Webhook(os.environ["WEBHOOK_SECRET"])

# body: the bytes as they came.
# Raises for what Tollgate did not send.
def event_of(headers: dict[str, str], body: bytes) -> dict:
    return webhook.verify(body, headers)`,
  },
];
