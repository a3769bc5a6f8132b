import { Button, Select, Textarea } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { useMutation, useQuery } from "urql";
import { Page, Panel } from "../components/page.tsx";
import { Empty, Failure, Waiting } from "../components/states.tsx";
import { words } from "../format.ts";
import { graphql } from "../graphql/generated/gql.ts";
import type { PlaygroundQuery } from "../graphql/generated/graphql.ts";
import { DigitCanvas } from "./digit-canvas.tsx";
import { InferenceAnswer, RequestMade } from "./inference-answer.tsx";

const PlaygroundDocument = graphql(`
  query Playground {
    models(first: 100) {
      nodes {
        id
        name
        description
        task
        aliases {
          id
          name
        }
      }
    }
  }
`);

const TryDocument = graphql(`
  mutation Try($input: InferInput!) {
    infer(input: $input) {
      id
      alias
      version {
        id
        version
      }
      outputs {
        label
        score
        truncated
        scores {
          label
          score
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

type Model = PlaygroundQuery["models"]["nodes"][number];

export function PlaygroundPage() {
  const [{ data, error }, ask] = useQuery({ query: PlaygroundDocument });
  const models = data?.models.nodes.filter(
    ({ task }) => task === "IMAGE_CLASSIFICATION" || task === "TEXT_CLASSIFICATION",
  );
  const [name, setName] = useState<string>();
  const model = models?.find((one) => one.name === name) ?? models?.[0];
  return (
    <Page title="Playground" lead="Ask a model by hand. It is metered and charged as any request is.">
      {error === undefined ? null : <Failure error={error} retry={() => ask({ requestPolicy: "network-only" })} />}
      {models === undefined && error === undefined ? <Waiting lines={6} height={36} /> : null}
      {models?.length === 0 ? (
        <Empty icon="playground" title="No model takes pictures or texts">
          Models of numbers are asked through the API or GraphiQL.
        </Empty>
      ) : null}
      {model === undefined ? null : (
        <Trial
          key={model.id}
          model={model}
          picker={
            <Select
              label="Model"
              description={`${words(model.task)}. ${model.description}`}
              allowDeselect={false}
              data={models?.map((one) => one.name) ?? []}
              value={model.name}
              onChange={(value) => setName(value ?? undefined)}
            />
          }
        />
      )}
    </Page>
  );
}

function Trial({ model, picker }: { model: Model; picker: ReactNode }) {
  const isPicture = model.task === "IMAGE_CLASSIFICATION";
  const [alias, setAlias] = useState("stable");
  const [picture, setPicture] = useState<string>();
  const [text, setText] = useState("");
  const [{ data, error, fetching }, infer] = useMutation(TryDocument);
  const isEmpty = isPicture ? picture === undefined : text.trim() === "";
  const input = {
    model: model.name,
    alias,
    topK: 5,
    inputs: [isPicture ? { image: picture ?? "" } : { text }],
  };
  return (
    <div className="grid">
      <Panel title="Ask">
        <div className="stack">
          {picker}
          <Select
            label="Alias"
            allowDeselect={false}
            data={model.aliases.map((one) => one.name)}
            value={alias}
            onChange={(value) => setAlias(value ?? "stable")}
          />
          {isPicture ? (
            <DigitCanvas onPicture={setPicture} />
          ) : (
            <Textarea
              label="Text"
              description="Type or paste a mail, its subject first."
              autosize
              minRows={9}
              maxRows={18}
              value={text}
              onChange={(event) => setText(event.currentTarget.value)}
            />
          )}
          <Button loading={fetching} disabled={isEmpty} onClick={() => void infer({ input })}>
            Ask {model.name}
          </Button>
        </div>
      </Panel>
      <Panel title="Answer">
        {error === undefined ? null : <Failure error={error} />}
        {data ? <InferenceAnswer inference={data.infer} /> : <NothingAsked isPicture={isPicture} />}
        {isEmpty ? null : <RequestMade input={input} />}
      </Panel>
    </div>
  );
}

function NothingAsked({ isPicture }: { isPicture: boolean }) {
  return (
    <Empty icon="playground" title={isPicture ? "Draw a digit and ask" : "Write something and ask"}>
      The label, the scores, the time it took and what it cost stand here.
    </Empty>
  );
}
