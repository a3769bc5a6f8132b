import { Tabs } from "@mantine/core";
import { CodeBlock } from "./copy.tsx";

export interface Program {
  language: string;
  code: string;
}

/** The same program in several languages, the first of them open. */
export function Programs({ programs, what }: { programs: readonly Program[]; what: string }) {
  return (
    <Tabs defaultValue={programs[0]?.language ?? null}>
      <Tabs.List>
        {programs.map(({ language }) => (
          <Tabs.Tab key={language} value={language}>
            {language}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {programs.map(({ language, code }) => (
        <Tabs.Panel key={language} value={language} pt="sm">
          <CodeBlock code={code} label={`${what} in ${language}`} />
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}
