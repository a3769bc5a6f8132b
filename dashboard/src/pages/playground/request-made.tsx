import { Tabs } from "@mantine/core";
import { CodeBlock } from "../../components/copy.tsx";
import type { InferInput } from "../../graphql/generated/graphql.ts";
import type { PlaygroundModel } from "./playground-page.tsx";
import { programsFor } from "./request-programs.ts";

interface RequestMadeProps {
  input: InferInput;
  task: PlaygroundModel["task"];
}

/** The request that asks the same, to be taken away. */
export function RequestMade({ input, task }: RequestMadeProps) {
  const programs = programsFor(input, { task, url: `${window.location.origin}/graphql` });
  return (
    <Tabs defaultValue="GraphQL" mt="md">
      <Tabs.List>
        {programs.map(({ language }) => (
          <Tabs.Tab key={language} value={language}>
            {language}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {programs.map(({ language, code }) => (
        <Tabs.Panel key={language} value={language} pt="sm">
          <CodeBlock code={code} label={`The request in ${language}`} />
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}
