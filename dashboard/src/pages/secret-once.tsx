import { Button, Modal, Stack, Tabs, Text } from "@mantine/core";
import { CodeBlock, CopyButton } from "../components/copy.tsx";
import { dateTime, utc } from "../format.ts";
import type { IssuedSecret } from "./key-dialogs.tsx";

/** The one time that a secret is seen, with what to do with it. */
export function SecretOnce({ name, secret, overlapEndsAt, onClose }: IssuedSecret & { onClose: () => void }) {
  const programs = programsWith(`${window.location.origin}/graphql`);
  return (
    <Modal
      opened
      closeButtonProps={{ "aria-label": "Close" }}
      onClose={onClose}
      title={`The secret of ${name}`}
      size="lg"
      closeOnClickOutside={false}
      centered
    >
      <Stack>
        <Text size="sm">Store it now: it is shown this once, and kept nowhere but as a hash.</Text>
        <div className="secret">
          <code>{secret}</code>
          <CopyButton text={secret} label="Copy secret" />
        </div>
        {overlapEndsAt === undefined ? null : (
          <Text size="sm">
            The old key works until {dateTime(overlapEndsAt)} ({utc(overlapEndsAt)}).
          </Text>
        )}
        <Tabs defaultValue="curl">
          <Tabs.List>
            {programs.map(([language]) => (
              <Tabs.Tab key={language} value={language}>
                {language}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {programs.map(([language, code]) => (
            <Tabs.Panel key={language} value={language} pt="sm">
              <CodeBlock code={code} label={`A request in ${language}`} />
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

const query =
  "mutation($input: InferInput!) { infer(input: $input) { outputs { label score } usage { quantity amount } } }";

/** The secret comes from the environment in each of them: nobody shall commit it with the program. */
function programsWith(url: string): [string, string][] {
  return [
    [
      "curl",
      `curl -s ${url} \\
  -H "authorization: Bearer $TOLLGATE_KEY" \\
  -H 'content-type: application/json' \\
  -d '${JSON.stringify({ query, variables: { input: { model: "mail", inputs: [{ text: "You have won a prize" }] } } })}'`,
    ],
    [
      "TypeScript",
      `const response = await fetch("${url}", {
  method: "POST",
  headers: {
    authorization: \`Bearer \${process.env.TOLLGATE_KEY}\`,
    "content-type": "application/json",
  },
  body: JSON.stringify({
    query: \`${query}\`,
    variables: { input: { model: "mail", inputs: [{ text: "You have won a prize" }] } },
  }),
});
const { data, errors } = await response.json();
if (errors) throw new Error(errors[0].message);
console.log(data.infer.outputs[0]);`,
    ],
    [
      "Python",
      `import json, os, urllib.request

request = urllib.request.Request(
    "${url}",
    headers={
        "authorization": f"Bearer {os.environ['TOLLGATE_KEY']}",
        "content-type": "application/json",
    },
    data=json.dumps({
        "query": "${query}",
        "variables": {"input": {"model": "mail", "inputs": [{"text": "You have won a prize"}]}},
    }).encode(),
)
answer = json.load(urllib.request.urlopen(request))
print(answer["data"]["infer"]["outputs"][0])`,
    ],
  ];
}
