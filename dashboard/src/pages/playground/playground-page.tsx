import { Select } from "@mantine/core";
import { useQuery } from "urql";
import { useSearchParams } from "wouter";
import { Page } from "../../components/page.tsx";
import { Empty, Failure, Waiting } from "../../components/states.tsx";
import { words } from "../../format.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import type { PlaygroundQuery } from "../../graphql/generated/graphql.ts";
import { useMay } from "../../session/who.tsx";
import { Trial } from "./trial.tsx";

const PlaygroundDocument = graphql(`
  query Playground($seesTenant: Boolean!) {
    tenant @include(if: $seesTenant) {
      id
      currency
    }
    models(first: 100) {
      nodes {
        id
        name
        description
        task
        aliases {
          id
          name
          targets {
            weight
            version {
              id
              version
              labels
              explainMethods
              inputs {
                name
                dtype
                shape
              }
            }
          }
        }
      }
    }
  }
`);

export type PlaygroundModel = PlaygroundQuery["models"]["nodes"][number];

/** One model, asked by hand. Which one stands in the address, so that it can be linked to. */
export function PlaygroundPage() {
  const seesTenant = useMay("tenant:read");
  const [{ data, error }, ask] = useQuery({ query: PlaygroundDocument, variables: { seesTenant } });
  const [search, setSearch] = useSearchParams();
  // One without an alias cannot be asked by name.
  const models = data?.models.nodes.filter(({ aliases }) => aliases.length > 0);
  const model = models?.find(({ name }) => name === search.get("model")) ?? models?.[0];
  return (
    <Page title="Playground" lead="Ask a model by hand. It is metered and charged as any request is.">
      {error === undefined ? null : <Failure error={error} retry={() => ask({ requestPolicy: "network-only" })} />}
      {models === undefined && error === undefined ? <Waiting lines={6} height={36} /> : null}
      {models?.length === 0 ? (
        <Empty icon="playground" title="There is no model to ask">
          The platform offers none at the moment, and you have registered none. Register one under Models.
        </Empty>
      ) : null}
      {model === undefined ? null : (
        <Trial
          key={model.id}
          model={model}
          currency={data?.tenant?.currency}
          picker={
            <Select
              label="Model"
              description={`${words(model.task)}. ${model.description}`}
              allowDeselect={false}
              searchable={(models?.length ?? 0) > 12}
              data={models?.map((one) => one.name) ?? []}
              value={model.name}
              onChange={(name) => setSearch(name === null ? {} : { model: name }, { replace: true })}
            />
          }
        />
      )}
    </Page>
  );
}
