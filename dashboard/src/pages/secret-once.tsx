import { Text } from "@mantine/core";
import type { Program } from "../components/programs.tsx";
import { dateTime, utc } from "../format.ts";
import type { IssuedSecret } from "./key-dialogs.tsx";
import { SecretDialog } from "./secret-dialog.tsx";

/** The one time that a secret is seen, with what to do with it. */
export function SecretOnce({ name, secret, overlapEndsAt, onClose }: IssuedSecret & { onClose: () => void }) {
  return (
    <SecretDialog
      title={`The secret of ${name}`}
      lead={<Text size="sm">Store it now: it is shown this once, and kept nowhere but as a hash.</Text>}
      secret={secret}
      note={
        overlapEndsAt === undefined ? undefined : (
          <Text size="sm">
            The old key works until {dateTime(overlapEndsAt)} ({utc(overlapEndsAt)}).
          </Text>
        )
      }
      programs={programsWith(`${window.location.origin}/graphql`)}
      what="A request"
      onClose={onClose}
    />
  );
}

const query =
  "mutation($input: InferInput!) { infer(input: $input) { outputs { label score } usage { quantity amount } } }";

/** The secret comes from the environment in each of them: nobody shall commit it with the program. */
function programsWith(url: string): readonly Program[] {
  return [
    {
      language: "curl",
      code: `curl -s ${url} \\
  -H "authorization: Bearer $TOLLGATE_KEY" \\
  -H 'content-type: application/json' \\
  -d '${JSON.stringify({ query, variables: { input: { model: "mail", inputs: [{ text: "You have won a prize" }] } } })}'`,
    },
    {
      language: "TypeScript",
      code: `const response = await fetch("${url}", {
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
    },
    {
      language: "Python",
      code: `import json, os, urllib.request

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
    },
  ];
}
