import { Button } from "@mantine/core";
import { useState } from "react";
import { useQuery } from "urql";
import { Link } from "wouter";
import { Icon } from "../../components/icons.tsx";
import { Page } from "../../components/page.tsx";
import { Failure, Waiting } from "../../components/states.tsx";
import { useWhileVisible } from "../../components/while-visible.ts";
import { words } from "../../format.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import type { ModelQuery } from "../../graphql/generated/graphql.ts";
import { useMay, useSession } from "../../session/who.tsx";
import { Aliases } from "./aliases.tsx";
import { Offers } from "./offers.tsx";
import { Performance } from "./performance.tsx";
import { RegisterVersion } from "./register-version.tsx";
import { isMoving } from "./version-state.tsx";
import { Versions } from "./versions.tsx";

const ModelDocument = graphql(`
  query Model($name: String!) {
    model(name: $name) {
      id
      name
      description
      task
      owner
      createdAt
      offers {
        isToAll
        tenantCount
        tenants {
          id
          name
        }
      }
      aliases {
        id
        name
        revision
        targets {
          weight
          version {
            id
            version
            state
          }
        }
        guard {
          minRequests
          windowSeconds
          maxErrorRate
          maxP99Ratio
          maxDisagreement
        }
        report {
          version {
            id
            version
          }
          requests
          failures
          p99Ms
          compared
          disagreed
        }
        history(first: 10) {
          revision
          cause
          reason
          actorId
          createdAt
          targets {
            weight
            version {
              id
              version
            }
          }
        }
      }
      versions {
        id
        version
        digest
        state
        stateReason
        provider
        providerReason
        labels
        registeredAt
        inputs {
          name
          dtype
          shape
        }
        outputs {
          name
          dtype
          shape
        }
        lastHour {
          startsAt
          inputs
          batches
          largestBatch
          queueP50Ms
          queueP99Ms
          runP50Ms
          runP99Ms
        }
      }
    }
  }
`);

export type OpenedModel = ModelQuery["model"];
export type OpenedVersion = OpenedModel["versions"][number];
export type OpenedAlias = OpenedModel["aliases"][number];

const soonMs = 1_000;
const laterMs = 10_000;

/** One model with all that is known of it, and all that its owner may do with it. */
export function ModelPage({ name }: { name: string }) {
  const [isRegistering, setRegistering] = useState(false);
  const [{ data, error }, ask] = useQuery({
    query: ModelDocument,
    variables: { name },
    requestPolicy: "cache-and-network",
  });
  const again = () => ask({ requestPolicy: "network-only" });
  const model = data?.model;
  const isSoon = model?.versions.some(({ state }) => isMoving(state)) === true;
  useWhileVisible(again, { everyMs: isSoon ? soonMs : laterMs, isOn: true });
  if (model === undefined)
    return (
      <Page title={name} lead={<Link href="/models">Models</Link>}>
        {error === undefined ? <Waiting lines={8} height={32} /> : <Failure error={error} retry={again} />}
      </Page>
    );
  return (
    <>
      {error === undefined ? null : <Failure error={error} retry={again} />}
      <Opened model={model} onChanged={again} register={() => setRegistering(true)} />
      {isRegistering ? (
        <RegisterVersion
          model={model}
          onClose={() => {
            setRegistering(false);
            again();
          }}
        />
      ) : null}
    </>
  );
}

interface OpenedProps {
  model: OpenedModel;
  onChanged: () => void;
  register: () => void;
}

function Opened({ model, onChanged, register }: OpenedProps) {
  const { who } = useSession();
  const isOwn = model.owner === (who.kind === "OPERATOR" ? "PLATFORM" : "TENANT");
  const mayChange = useMay("models:write") && isOwn;
  const mayAsk = useMay("inferences:create") && model.aliases.length > 0;
  return (
    <Page
      title={model.name}
      lead={`${words(model.task)}. ${model.description}`}
      actions={
        <>
          {mayAsk ? (
            <Button
              component={Link}
              href={`/playground?model=${encodeURIComponent(model.name)}`}
              variant="default"
              leftSection={<Icon name="playground" size={16} />}
            >
              Try it
            </Button>
          ) : null}
          {mayChange ? (
            <Button leftSection={<Icon name="upload" size={16} />} onClick={register}>
              Register a version
            </Button>
          ) : null}
        </>
      }
    >
      <Aliases model={model} mayChange={mayChange} onChanged={onChanged} />
      <Versions model={model} mayChange={mayChange} onChanged={onChanged} />
      {isOwn ? <Performance versions={model.versions} /> : null}
      {model.offers === null ? null : <Offers model={model} offers={model.offers} onChanged={onChanged} />}
    </Page>
  );
}
