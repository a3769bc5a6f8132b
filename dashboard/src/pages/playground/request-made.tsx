import { Box } from "@mantine/core";
import { Programs } from "../../components/programs.tsx";
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
    <Box mt="md">
      <Programs programs={programs} what="The request" />
    </Box>
  );
}
