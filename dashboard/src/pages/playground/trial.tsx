import { Button, Select } from "@mantine/core";
import { type ReactNode, useMemo, useState } from "react";
import { useMutation } from "urql";
import { Panel } from "../../components/page.tsx";
import { Empty, Failure } from "../../components/states.tsx";
import { graphql } from "../../graphql/generated/gql.ts";
import type { InferInput, TryMutation } from "../../graphql/generated/graphql.ts";
import { Answer } from "./answer.tsx";
import { ExplainChoice } from "./explain-choice.tsx";
import { type Given, type GivenInput, InputField } from "./input-field.tsx";
import type { PlaygroundModel } from "./playground-page.tsx";
import { RequestMade } from "./request-made.tsx";

const TryDocument = graphql(`
  mutation Try($input: InferInput!) {
    infer(input: $input) {
      id
      alias
      version {
        id
        version
        labels
      }
      outputs {
        index
        label
        score
        truncated
        scores {
          label
          score
        }
        tokens {
          text
          start
          end
          label
          score
        }
        tensors {
          name
          tensor
        }
        explanation {
          method
          target
          baseline
          parts
          evaluations
          heatMap
          values
          tokens {
            text
            start
            end
            value
          }
          completeness {
            sum
            expected
          }
        }
      }
      usage {
        meter
        quantity
        amount
      }
      timing {
        queueMs
        runMs
        totalMs
        batchSize
        provider
      }
    }
  }
`);

interface TrialProps {
  model: PlaygroundModel;
  currency: string | undefined;
  picker: ReactNode;
}

/** What was asked, with what it was answered: one is not read beside the other's input. */
interface Asked {
  input: GivenInput;
  inference: TryMutation["infer"];
}

export function Trial({ model, currency, picker }: TrialProps) {
  const [aliasName, setAliasName] = useState(firstAlias(model));
  const [given, setGiven] = useState<Given>();
  const [method, setMethod] = useState<string>();
  const [asked, setAsked] = useState<Asked>();
  const [{ error, fetching }, infer] = useMutation(TryDocument);
  const version = heaviestOf(model, aliasName);
  const explain = version?.explainMethods.find((possible) => possible === method);
  const input = given?.kind === "READY" ? given.input : undefined;
  // One object for one request: what its price is asked for waits until it stays the same.
  const { name: modelName, task } = model;
  const request = useMemo(
    () => input && requestOf({ name: modelName, task }, { alias: aliasName, input, explain }),
    [modelName, task, aliasName, input, explain],
  );
  const ask = async () => {
    if (request === undefined || input === undefined) return;
    const { data } = await infer({ input: request });
    setAsked(data === undefined ? undefined : { input, inference: data.infer });
  };
  return (
    <div className="grid">
      <Panel title="Ask">
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            void ask();
          }}
        >
          {picker}
          <Select
            label="Alias"
            allowDeselect={false}
            data={model.aliases.map(({ name }) => name)}
            value={aliasName}
            onChange={(name) => setAliasName(name ?? firstAlias(model))}
          />
          <InputField task={model.task} inputs={version?.inputs ?? []} onGiven={setGiven} />
          <ExplainChoice
            methods={version?.explainMethods ?? []}
            method={explain}
            onMethod={setMethod}
            request={request}
            currency={currency}
          />
          <Button type="submit" loading={fetching} disabled={request === undefined}>
            Ask {model.name}
          </Button>
        </form>
      </Panel>
      <Panel title="Answer">
        {error === undefined ? null : <Failure error={error} />}
        {asked === undefined ? (
          <NothingAsked task={model.task} />
        ) : (
          <Answer inference={asked.inference} input={asked.input} currency={currency} />
        )}
        {request === undefined ? null : <RequestMade input={request} task={model.task} />}
      </Panel>
    </div>
  );
}

function firstAlias({ aliases }: PlaygroundModel): string {
  return (aliases.find(({ name }) => name === "stable") ?? aliases[0])?.name ?? "";
}

/** Whichever answers, most probably this one does: the fields are drawn for it. */
function heaviestOf({ aliases }: PlaygroundModel, name: string) {
  const targets = aliases.find((alias) => alias.name === name)?.targets ?? [];
  return targets.toSorted((a, b) => b.weight - a.weight)[0]?.version;
}

function requestOf(
  model: Pick<PlaygroundModel, "name" | "task">,
  { alias, input, explain }: { alias: string; input: GivenInput; explain: ExplainMethodName | undefined },
): InferInput {
  return {
    model: model.name,
    alias,
    ...(model.task === "TENSOR" ? {} : { topK: 5 }),
    inputs: [input],
    ...(explain === undefined ? {} : { explain: { method: explain } }),
  };
}

type ExplainMethodName = NonNullable<InferInput["explain"]>["method"];

const invitations: Record<PlaygroundModel["task"], string> = {
  IMAGE_CLASSIFICATION: "Draw a picture and ask",
  TEXT_CLASSIFICATION: "Write something and ask",
  TOKEN_CLASSIFICATION: "Write something and ask",
  TENSOR: "Fill in the numbers and ask",
};

function NothingAsked({ task }: { task: PlaygroundModel["task"] }) {
  return (
    <Empty icon="playground" title={invitations[task]}>
      What the model says, how long it took and what it cost stand here.
    </Empty>
  );
}
