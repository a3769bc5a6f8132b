import { Button } from "@mantine/core";
import { useState } from "react";
import { useQuery } from "urql";
import { Link } from "wouter";
import { DataTable } from "../../components/data-table.tsx";
import { Icon } from "../../components/icons.tsx";
import { Badge, Page, Panel } from "../../components/page.tsx";
import { Empty, Failure, Waiting } from "../../components/states.tsx";
import { When } from "../../components/time.tsx";
import { exact } from "../../format.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import type { PlanVersionsQuery } from "../../graphql/generated/graphql.ts";
import { LimitList } from "./limit-list.tsx";
import { PriceList } from "./price-list.tsx";

const PlanVersionsDocument = graphql(`
  query PlanVersions($name: String!) {
    planVersions(plan: $name) {
      id
      name
      version
      currency
      flatFeeMicros
      isSelfService
      versionCreatedAt
      prices {
        ...PriceShown
      }
      limits {
        ...PlanLimitShown
      }
    }
  }
`);

type Version = PlanVersionsQuery["planVersions"][number];

/** A plan with its versions: the latest, until another is chosen. */
export function PlanPage({ name }: { name: string }) {
  const [chosen, setChosen] = useState<number>();
  const [{ data, error }, ask] = useQuery({
    query: PlanVersionsDocument,
    variables: { name },
    requestPolicy: "cache-and-network",
  });
  const versions = data?.planVersions;
  const shown = versions?.find(({ version }) => version === chosen) ?? versions?.[0];
  const change = (
    <Button component={Link} href={`/plans/${name}/new-version`} leftSection={<Icon name="plus" size={16} />}>
      New version
    </Button>
  );
  return (
    <Page
      title={name}
      lead={
        <Link className="text-link" href="/plans">
          All plans
        </Link>
      }
      actions={shown === undefined ? undefined : change}
    >
      {error === undefined ? null : <Failure error={error} retry={() => ask({ requestPolicy: "network-only" })} />}
      {versions === undefined && error === undefined ? <Waiting lines={8} height={24} /> : null}
      {versions?.length === 0 ? <Empty icon="plans" title="There is no plan of that name" /> : null}
      {shown === undefined || versions === undefined ? null : (
        <>
          <Terms of={shown} />
          <VersionsPanel versions={versions} shown={shown} onChoose={setChosen} />
        </>
      )}
    </Page>
  );
}

function Terms({ of }: { of: Version }) {
  return (
    <>
      <Panel title={`Version ${of.version}`} flush>
        <dl className="facts roomy padded">
          <Fact name="Fee of a period" value={exact(of.flatFeeMicros, of.currency)} />
          <Fact name="Currency" value={of.currency} />
          <Fact name="Who may choose it" value={of.isSelfService ? "Owners" : "Operators alone"} />
        </dl>
        <PriceList prices={of.prices} currency={of.currency} />
      </Panel>
      <Panel title="Limits" flush>
        <LimitList
          limits={of.limits}
          currency={of.currency}
          empty="No limit: tenants on it use what they like, and pay for it."
          origin={{
            head: "Whose use",
            cell: ({ appliesTo }) => (appliesTo === "EACH_KEY" ? "Each API key" : "The tenant"),
          }}
        />
      </Panel>
    </>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt className="dim small">{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

interface VersionsPanelProps {
  versions: readonly Version[];
  shown: Version;
  onChoose: (version: number) => void;
}

function VersionsPanel({ versions, shown, onChoose }: VersionsPanelProps) {
  return (
    <Panel title="Versions" note="Tenants stay on theirs until they are moved" flush>
      <DataTable
        label="Versions"
        columns={[
          { head: "Version", cell: ({ version }) => <span className="strong">v{version}</span> },
          { head: "Made", cell: ({ versionCreatedAt }) => <When at={versionCreatedAt} /> },
          { head: "Fee of a period", isNumber: true, cell: (one) => exact(one.flatFeeMicros, one.currency) },
          {
            head: "Actions",
            isAction: true,
            cell: ({ version }) =>
              version === shown.version ? (
                <Badge>Shown</Badge>
              ) : (
                <Button size="xs" variant="default" aria-label={`Show v${version}`} onClick={() => onChoose(version)}>
                  Show
                </Button>
              ),
          },
        ]}
        rows={versions}
        keyOf={({ version }) => String(version)}
        empty={null}
      />
    </Panel>
  );
}
