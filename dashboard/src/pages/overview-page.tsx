import { SegmentedControl, Select } from "@mantine/core";
import { useInterval } from "@mantine/hooks";
import { useEffect, useMemo, useState } from "react";
import { useQuery } from "urql";
import { BarChart } from "../components/bar-chart.tsx";
import { Page, Panel } from "../components/page.tsx";
import { Failure, Waiting } from "../components/states.tsx";
import { utc } from "../format.ts";
import { graphql } from "../graphql/generated/gql.ts";
import { AlertList } from "./alert-list.tsx";
import { ErrorTable } from "./error-table.tsx";
import { ForecastList } from "./forecast-list.tsx";
import { LimitBars } from "./limit-bars.tsx";
import { useUsageTicks } from "./live-usage.tsx";
import { Figures, UsageTable } from "./usage-figures.tsx";
import { type Dimension, dimensions, groupsOf, previousOf, type UsageRow } from "./usage-groups.ts";
import { type Period, type PeriodName, periodNames, periodOf, stepLabel, stepsOf } from "./usage-period.ts";

const OverviewDocument = graphql(`
  query Overview($input: UsageReportInput!, $errors: ErrorCountsInput!) {
    usage(input: $input) {
      rows {
        startsAt
        meter
        quantity
        amount
        previous {
          quantity
        }
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
      comparison {
        total {
          meter
          quantity
          amount
        }
      }
    }
    usageForecast {
      startsAt
      endsAt
      meters {
        meter
        method
        used
        usedAmount
        quantity
        quantityLow
        quantityHigh
        amount
        amountLow
        amountHigh
      }
    }
    errorCounts(input: $errors) {
      code
      summary
      count
      lastAt
    }
    limits {
      id
      kind
      meter
      period
      scope
      limit
      used
      remaining
      resetsAt
      alerts {
        threshold
        crossedAt
      }
    }
    tenant {
      id
      currency
    }
  }
`);

export function OverviewPage() {
  const [name, setName] = useState<PeriodName>("DAY");
  const [dimension, setDimension] = useState<Dimension>("MODEL");
  const { period, variables } = useHourOf(name, dimension);
  const [{ data, error }, ask] = useQuery({
    query: OverviewDocument,
    variables,
    requestPolicy: "cache-and-network",
  });
  const liveness = useUsageTicks(() => ask({ requestPolicy: "network-only" }));

  const currency = data?.tenant.currency;
  const steps = stepsOf(period);
  const rows = (data?.usage.rows ?? []) as UsageRow[];
  const groups = groupsOf(rows, dimension, steps);
  return (
    <Page
      title="Overview"
      lead={`${utc(period.startsAt)} to ${utc(period.endsAt)}`}
      actions={<Pickers name={name} onName={setName} dimension={dimension} onDimension={setDimension} />}
    >
      {error === undefined ? null : <Failure error={error} retry={() => ask({ requestPolicy: "network-only" })} />}
      <AlertList limits={data?.limits ?? []} currency={currency} />
      <Panel title="Usage" note="Inputs answered, by when they were charged. Dashes: the period before.">
        <Figures
          total={data?.usage.total}
          before={data?.usage.comparison?.total}
          currency={currency}
          liveness={liveness}
        />
        {data === undefined ? (
          <div className="chart-room">
            <Waiting lines={6} height={28} />
          </div>
        ) : (
          <BarChart
            label={`Inputs by ${dimension.toLowerCase()} over ${periodNames[name]}`}
            steps={steps.map((at) => `${stepLabel(at, period.interval)}|${utc(at, { withTime: false })}`)}
            series={groups.map(({ label, values }) => ({ name: label, values }))}
            before={{ name: "The period before", values: previousOf(rows, steps) }}
          />
        )}
      </Panel>
      <div className="grid">
        <Panel title={`By ${dimensions[dimension].toLowerCase()}`} flush>
          <UsageTable groups={data === undefined ? undefined : groups} dimension={dimension} currency={currency} />
        </Panel>
        <Panel title="Limits">
          {data === undefined ? <Waiting lines={3} /> : <LimitBars limits={data.limits} currency={currency} />}
        </Panel>
      </div>
      <div className="grid">
        <Panel title="Forecast" note="How this billing period ends, if the time to come is like the last weeks">
          {data === undefined ? (
            <Waiting lines={3} />
          ) : (
            <ForecastList forecast={data.usageForecast} currency={data.tenant.currency} />
          )}
        </Panel>
        <Panel title="Errors" note={`By code, ${errorSpan(name)}. None of them was charged.`} flush>
          <ErrorTable errors={data?.errorCounts} />
        </Panel>
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
function useHourOf(name: PeriodName, dimension: Dimension) {
  const [hour, setHour] = useState(() => Math.floor(Date.now() / 3_600_000));
  const clock = useInterval(() => setHour(Math.floor(Date.now() / 3_600_000)), 10_000);
  useEffect(() => {
    clock.start();
    return clock.stop;
  }, [clock]);
  return useMemo(() => {
    const period = periodOf(name, new Date(hour * 3_600_000));
    const groupBy = dimension === "VERSION" ? (["MODEL", "VERSION"] as const) : ([dimension] as const);
    const variables = {
      input: {
        startsAt: iso(period.startsAt),
        endsAt: iso(period.endsAt),
        interval: period.interval,
        groupBy: [...groupBy],
        compare: true,
      },
      errors: { startsAt: iso(errorsFrom(period)), endsAt: iso(period.endsAt) },
    };
    return { period, variables };
  }, [name, dimension, hour]);
}

/** Errors are not kept for longer than the longest period but one. */
const errorDays = 30;

function errorsFrom({ startsAt, endsAt }: Period): Date {
  return new Date(Math.max(startsAt.getTime(), endsAt.getTime() - errorDays * 86_400_000));
}

function errorSpan(name: PeriodName): string {
  return name === "YEAR" ? "the last 30 days" : `the last ${periodNames[name]}`;
}

function iso(date: Date): string {
  return date.toISOString();
}
