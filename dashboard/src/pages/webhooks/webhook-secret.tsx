import { Button, Modal, Stack, Tabs, Text } from "@mantine/core";
import { CodeBlock, CopyButton } from "../../components/copy.tsx";

/** The one time that an endpoint's secret is seen, with how a server verifies what is signed with it. */
export function WebhookSecret({ url, secret, onClose }: { url: string; secret: string; onClose: () => void }) {
  return (
    <Modal opened onClose={onClose} title="The endpoint's secret" size="lg" closeOnClickOutside={false} centered>
      <Stack>
        <Text size="sm" className="break">
          Store it where the server behind {url} reads it: it is shown this once. What is posted there is signed with
          it.
        </Text>
        <div className="secret">
          <code>{secret}</code>
          <CopyButton text={secret} label="Copy secret" />
        </div>
        <Tabs defaultValue="TypeScript">
          <Tabs.List>
            {programs.map(([language]) => (
              <Tabs.Tab key={language} value={language}>
                {language}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {programs.map(([language, code]) => (
            <Tabs.Panel key={language} value={language} pt="sm">
              <CodeBlock code={code} label={`To verify a post in ${language}`} />
            </Tabs.Panel>
          ))}
        </Tabs>
        <Button data-autofocus onClick={onClose}>
          I have stored it
        </Button>
      </Stack>
    </Modal>
  );
}

/** The secret comes from the environment in each of them: nobody shall commit it with the program. */
const programs: [string, string][] = [
  [
    "TypeScript",
    `import { Webhook } from "standardwebhooks";

const webhook = new Webhook(process.env.WEBHOOK_SECRET);

// body: the bytes as they came.
// Throws for what Tollgate did not send.
export function eventOf(headers: Record<string, string>, body: string) {
  return webhook.verify(body, headers);
}`,
  ],
  [
    "Python",
    `import os
from standardwebhooks import Webhook

webhook = Webhook(os.environ["WEBHOOK_SECRET"])

# body: the bytes as they came.
# Raises for what Tollgate did not send.
def event_of(headers: dict[str, str], body: bytes) -> dict:
    return webhook.verify(body, headers)`,
  ],
];
