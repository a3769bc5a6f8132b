import { Skeleton } from "@mantine/core";
import { DataTable } from "../components/data-table.tsx";
import { Empty } from "../components/states.tsx";
import { count, money, percent } from "../format.ts";
import type { Liveness } from "./live-usage.tsx";
import { type Dimension, dimensions, drawnMeter, type UsageGroup } from "./usage-groups.ts";

type Total = readonly { meter: string; quantity: number; amount: string }[];

interface FiguresProps {
  total: Total | undefined;
  before: Total | undefined;
  currency: string | undefined;
  liveness: Liveness;
}

/** What the period came to, and the one before it. */
export function Figures({ total, before, currency, liveness }: FiguresProps) {
  return (
    <div className="figures">
      <Figure name="Inputs" now={inputsOf(total)} before={inputsOf(before)} write={count} />
      <Figure name="Spend" now={spendOf(total)} before={spendOf(before)} write={(value) => money(value, currency)} />
      <p className="live dim small">
        <i className={liveness === "LIVE" ? "live-dot" : "live-dot waiting-dot"} />
        {livenessNames[liveness]}
      </p>
    </div>
  );
}

const livenessNames: Record<Liveness, string> = {
  CONNECTING: "Connecting",
  LIVE: "Live",
  SLOW: "Every 15 s",
};

interface FigureProps {
  name: string;
  now: number | undefined;
  before: number | undefined;
  write: (value: number) => string;
}

function Figure({ name, now, before, write }: FigureProps) {
  return (
    <div>
      <p className="dim small">{name}</p>
      <div className="figure-value">{now === undefined ? <Skeleton height={30} width={110} my={4} /> : write(now)}</div>
      <p className="delta">{now === undefined || before === undefined ? " " : comparison(now, before, write)}</p>
    </div>
  );
}

function comparison(now: number, before: number, write: (value: number) => string): string {
  if (before === 0) return "Nothing in the period before";
  const change = (now - before) / before;
  return `${change >= 0 ? "+" : "−"}${percent(Math.abs(change))} from ${write(before)} the period before`;
}

function inputsOf(total: Total | undefined): number | undefined {
  return total?.filter(({ meter }) => meter === drawnMeter).reduce((sum, { quantity }) => sum + quantity, 0);
}

function spendOf(total: Total | undefined): number | undefined {
  return total === undefined ? undefined : Number(total.reduce((sum, { amount }) => sum + BigInt(amount), 0n));
}

interface UsageTableProps {
  groups: UsageGroup[] | undefined;
  dimension: Dimension;
  currency: string | undefined;
}

export function UsageTable({ groups, dimension, currency }: UsageTableProps) {
  const all = groups?.reduce((sum, { inputs }) => sum + inputs, 0) ?? 0;
  return (
    <DataTable
      label={`Usage by ${dimensions[dimension].toLowerCase()}`}
      columns={[
        {
          head: dimensions[dimension],
          cell: ({ label, id }) => (
            <span className="row">
              <i className={`swatch series-${(groups ?? []).findIndex((group) => group.id === id) % 8}`} />
              {label}
            </span>
          ),
        },
        { head: "Inputs", isNumber: true, cell: ({ inputs }) => count(inputs) },
        { head: "Share", isNumber: true, cell: ({ inputs }) => percent(all === 0 ? 0 : inputs / all) },
        { head: "Spend", isNumber: true, cell: ({ amountMicros }) => money(amountMicros, currency) },
      ]}
      rows={groups}
      keyOf={({ id }) => id}
      waitingRows={3}
      empty={
        <Empty icon="overview" title="Nothing was used in this period">
          Ask a model in the playground, or with an API key: it shows here within two seconds.
        </Empty>
      }
    />
  );
}
