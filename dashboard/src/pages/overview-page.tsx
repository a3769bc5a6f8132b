import { SegmentedControl, Select } from "@mantine/core";
import { useDocumentVisibility, useInterval } from "@mantine/hooks";
import { useEffect, useMemo, useState } from "react";
import { useQuery } from "urql";
import { BarChart } from "../components/bar-chart.tsx";
import { Page, Panel } from "../components/page.tsx";
import { Failure, Waiting } from "../components/states.tsx";
import { utc } from "../format.ts";
import { graphql } from "../graphql/generated/gql.ts";
import { useMay } from "../session/who.tsx";
import { LimitBars } from "./limit-bars.tsx";
import { Figures, UsageTable } from "./usage-figures.tsx";
import { type Dimension, dimensions, groupsOf, type UsageRow } from "./usage-groups.ts";
import { type PeriodName, periodBefore, periodNames, periodOf, stepLabel, stepsOf } from "./usage-period.ts";

const OverviewDocument = graphql(`
  query Overview($now: UsageReportInput!, $before: UsageReportInput!, $seesPlans: Boolean!) {
    usage(input: $now) {
      rows {
        startsAt
        meter
        quantity
        amount
        model {
          id
          name
        }
        version {
          id
          version
        }
        apiKey {
          id
          name
        }
      }
      total {
        meter
        quantity
        amount
      }
    }
    before: usage(input: $before) {
      total {
        meter
        quantity
        amount
      }
    }
    limits {
      id
      kind
      meter
      scope
      limit
      used
      remaining
      resetsAt
    }
    plans @include(if: $seesPlans) {
      id
      currency
    }
  }
`);

/** A person who watches sees what happened within two seconds. */
const everyMs = 1_000;

export function OverviewPage() {
  const [name, setName] = useState<PeriodName>("DAY");
  const [dimension, setDimension] = useState<Dimension>("MODEL");
  const { period, variables } = useMinuteOf(name, dimension);
  const [{ data, error, stale }, ask] = useQuery({
    query: OverviewDocument,
    variables: { ...variables, seesPlans: useMay("plans:read") },
    requestPolicy: "cache-and-network",
  });
  useWhileVisible(() => ask({ requestPolicy: "network-only" }));

  const currency = data?.plans?.[0]?.currency;
  const steps = stepsOf(period);
  const groups = groupsOf((data?.usage.rows ?? []) as UsageRow[], dimension, steps);
  return (
    <Page
      title="Overview"
      lead={`${utc(period.startsAt)} to ${utc(period.endsAt)}`}
      actions={<Pickers name={name} onName={setName} dimension={dimension} onDimension={setDimension} />}
    >
      {error === undefined ? null : <Failure error={error} retry={() => ask({ requestPolicy: "network-only" })} />}
      <Panel title="Usage" note="Inputs answered, by when they were charged">
        <Figures total={data?.usage.total} before={data?.before.total} currency={currency} isLive={!stale} />
        {data === undefined ? (
          <div className="chart-room">
            <Waiting lines={6} height={28} />
          </div>
        ) : (
          <BarChart
            label={`Inputs by ${dimension.toLowerCase()} over ${periodNames[name]}`}
            steps={steps.map((at) => `${stepLabel(at, period.interval)}|${utc(at, { withTime: false })}`)}
            series={groups.map(({ label, values }) => ({ name: label, values }))}
          />
        )}
      </Panel>
      <div className="grid">
        <Panel title={`By ${dimensions[dimension].toLowerCase()}`} flush>
          <UsageTable groups={data === undefined ? undefined : groups} dimension={dimension} currency={currency} />
        </Panel>
        <Panel title="Limits">{data === undefined ? <Waiting lines={3} /> : <LimitBars limits={data.limits} />}</Panel>
      </div>
    </Page>
  );
}

interface PickersProps {
  name: PeriodName;
  onName: (name: PeriodName) => void;
  dimension: Dimension;
  onDimension: (dimension: Dimension) => void;
}

function Pickers({ name, onName, dimension, onDimension }: PickersProps) {
  return (
    <>
      <Select
        aria-label="Group by"
        w={130}
        size="xs"
        allowDeselect={false}
        data={Object.entries(dimensions).map(([value, label]) => ({ value, label: `By ${label.toLowerCase()}` }))}
        value={dimension}
        onChange={(value) => onDimension((value ?? "MODEL") as Dimension)}
      />
      <SegmentedControl
        aria-label="Period"
        size="xs"
        data={Object.entries(periodNames).map(([value, label]) => ({ value, label }))}
        value={name}
        onChange={(value) => onName(value as PeriodName)}
      />
    </>
  );
}

/** The period as of this hour: what is asked for stays the same text until the next one. */
function useMinuteOf(name: PeriodName, dimension: Dimension) {
  const [hour, setHour] = useState(() => Math.floor(Date.now() / 3_600_000));
  const clock = useInterval(() => setHour(Math.floor(Date.now() / 3_600_000)), 10_000);
  useEffect(() => {
    clock.start();
    return clock.stop;
  }, [clock]);
  return useMemo(() => {
    const period = periodOf(name, new Date(hour * 3_600_000));
    const before = periodBefore(period);
    const groupBy = dimension === "VERSION" ? (["MODEL", "VERSION"] as const) : ([dimension] as const);
    const variables = {
      now: {
        startsAt: iso(period.startsAt),
        endsAt: iso(period.endsAt),
        interval: period.interval,
        groupBy: [...groupBy],
      },
      before: { startsAt: iso(before.startsAt), endsAt: iso(before.endsAt), groupBy: [] },
    };
    return { period, variables };
  }, [name, dimension, hour]);
}

function useWhileVisible(work: () => void): void {
  const visibility = useDocumentVisibility();
  const interval = useInterval(work, everyMs);
  useEffect(() => {
    if (visibility === "visible") interval.start();
    return interval.stop;
  }, [visibility, interval]);
}

function iso(date: Date): string {
  return date.toISOString();
}
