import { Button } from "@mantine/core";
import { useState } from "react";
import { useQuery } from "urql";
import { Link } from "wouter";
import { type Column, DataTable } from "../../components/data-table.tsx";
import { Icon } from "../../components/icons.tsx";
import { Badge, Page, Panel } from "../../components/page.tsx";
import { Pager, usePages } from "../../components/pager.tsx";
import { Empty, Failure } from "../../components/states.tsx";
import { When } from "../../components/time.tsx";
import { words } from "../../format.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import type { ModelsQuery } from "../../graphql/generated/graphql.ts";
import { useMay, useSession } from "../../session/who.tsx";
import { RegisterVersion } from "./register-version.tsx";
import { TenantModels } from "./tenant-models.tsx";

const ModelsDocument = graphql(`
  query Models($after: String) {
    models(first: 25, after: $after) {
      nodes {
        id
        name
        description
        task
        owner
        createdAt
        aliases {
          id
          name
          targets {
            weight
            version {
              id
              version
            }
          }
        }
        versions {
          id
          version
          state
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

type Model = ModelsQuery["models"]["nodes"][number];

const columns: Column<Model>[] = [
  {
    head: "Model",
    cell: ({ name, description }) => (
      <div className="stack-tight model-name">
        <Link href={`/models/${encodeURIComponent(name)}`} className="strong link">
          {name}
        </Link>
        <span className="dim small clipped">{description}</span>
      </div>
    ),
  },
  { head: "Task", cell: ({ task }) => <span className="nowrap">{words(task)}</span> },
  { head: "Owner", cell: ({ owner }) => <Owner owner={owner} /> },
  {
    head: "Answers",
    cell: ({ aliases }) => (
      <div className="stack-tight">
        {aliases.map(({ id, name, targets }) => (
          <span key={id} className="nowrap">
            <code>{name}</code> <span className="dim">{shareText(targets)}</span>
          </span>
        ))}
      </div>
    ),
  },
  { head: "Versions", cell: ({ versions }) => <VersionCount versions={versions} /> },
  { head: "Since", cell: ({ createdAt }) => <When at={createdAt} /> },
];

export function ModelsPage() {
  const { who } = useSession();
  const mayWrite = useMay("models:write");
  const pages = usePages();
  const [isRegistering, setRegistering] = useState(false);
  const [{ data, error }, ask] = useQuery({
    query: ModelsDocument,
    variables: { after: pages.after },
    requestPolicy: "cache-and-network",
  });
  const isOperator = who.kind === "OPERATOR";
  const register = mayWrite ? (
    <Button leftSection={<Icon name="upload" size={16} />} onClick={() => setRegistering(true)}>
      Register a version
    </Button>
  ) : undefined;
  return (
    <Page
      title="Models"
      lead={
        isOperator
          ? "The platform's models, and those that tenants have registered for themselves."
          : "What can be asked, in which versions, and which version answers for each alias."
      }
      actions={register}
    >
      {error === undefined ? null : <Failure error={error} retry={() => ask({ requestPolicy: "network-only" })} />}
      <Panel {...(isOperator ? { title: "Of the platform" } : {})} flush>
        <DataTable
          label="Models"
          columns={isOperator ? columns.filter(({ head }) => head !== "Owner") : columns}
          rows={data?.models.nodes}
          keyOf={({ id }) => id}
          empty={
            <Empty icon="models" title="No models yet" action={register}>
              {mayWrite
                ? "Bring an ONNX file and its manifest: it is checked, loaded and tried out before it answers."
                : "The platform offers none at the moment."}
            </Empty>
          }
        />
      </Panel>
      <Pager pages={pages} pageInfo={data?.models.pageInfo} />
      {isOperator ? <TenantModels /> : null}
      {isRegistering ? (
        <RegisterVersion
          model={undefined}
          onClose={() => {
            setRegistering(false);
            ask({ requestPolicy: "network-only" });
          }}
        />
      ) : null}
    </Page>
  );
}

function Owner({ owner }: { owner: Model["owner"] }) {
  return owner === "PLATFORM" ? <span className="dim nowrap">The platform</span> : <span>Yours</span>;
}

function VersionCount({ versions }: { versions: Model["versions"] }) {
  const of = (...states: string[]) => versions.filter(({ state }) => states.includes(state)).length;
  const wrong = of("REJECTED", "QUARANTINED");
  const moving = of("SCANNING", "VALIDATING", "WARMING");
  return (
    <span className="row">
      <span>{of("READY")} ready</span>
      {moving > 0 ? <Badge tone="warn">{moving} on the way</Badge> : null}
      {wrong > 0 ? <Badge tone="bad">{wrong} not accepted</Badge> : null}
    </span>
  );
}

export function shareText(targets: readonly { weight: number; version: { version: number } }[]): string {
  const total = targets.reduce((sum, { weight }) => sum + weight, 0);
  return targets
    .map(({ version, weight }) => {
      if (weight === 0) return `version ${version.version} as a shadow`;
      const share = (100 * weight) / total;
      return targets.length === 1
        ? `version ${version.version}`
        : `version ${version.version}: ${Number(share.toFixed(1))} %`;
    })
    .join(", ");
}
