import { useElementSize } from "@mantine/hooks";
import { useState } from "react";
import { compact } from "../format.ts";

export interface Series {
  name: string;
  /** One for each step. */
  values: number[];
}

interface BarChartProps {
  label: string;
  steps: string[];
  series: Series[];
  /** What there was at the same places of the period before, drawn as a mark in each step. */
  before?: Series;
  write?: (value: number) => string;
}

const height = 240;
const [left, bottom, top] = [48, 24, 8];

/**
 * Bars of what is stacked in each step. The table beside it says the same to whoever does not see it. Drawn by hand: a
 * library of charts weighs more than all else on the page, and draws styles that the page's policy refuses.
 */
export function BarChart({ label, steps, series, before, write = compact }: BarChartProps) {
  const { ref, width } = useElementSize();
  const [at, setAt] = useState<number>();
  const totals = steps.map((_, step) => sumAt(series, step));
  const highest = niceCeiling(Math.max(...totals, ...(before?.values ?? [])) || 1);
  const inner = Math.max(0, width - left);
  const slot = inner / Math.max(1, steps.length);
  const yOf = (value: number) => top + (height - top - bottom) * (1 - value / highest);
  return (
    <div ref={ref} className="chart">
      <svg width={width} height={height} role="img" aria-label={label} onPointerLeave={() => setAt(undefined)}>
        {[0, 0.5, 1].map((share) => (
          <g key={share}>
            <line className="chart-line" x1={left} x2={width} y1={yOf(highest * share)} y2={yOf(highest * share)} />
            <text className="chart-text" x={left - 8} y={yOf(highest * share) + 4} textAnchor="end">
              {write(highest * share)}
            </text>
          </g>
        ))}
        {steps.map((step, index) => (
          <g key={step} onPointerEnter={() => setAt(index)}>
            <rect className="chart-slot" x={left + index * slot} y={0} width={slot} height={height - bottom} />
            <Stack series={series} step={index} x={left + index * slot} width={slot} yOf={yOf} />
            <Before value={before?.values[index] ?? 0} x={left + index * slot} width={slot} yOf={yOf} />
            {isLabelled(index, steps.length, inner) ? (
              <text className="chart-text" x={left + (index + 0.5) * slot} y={height - 6} textAnchor="middle">
                {step.split("|")[0]}
              </text>
            ) : null}
          </g>
        ))}
      </svg>
      {at === undefined ? null : (
        <Reading
          title={steps[at] ?? ""}
          series={series}
          before={before}
          step={at}
          write={write}
          isLeft={at > steps.length / 2}
        />
      )}
    </div>
  );
}

interface StackProps {
  series: Series[];
  step: number;
  x: number;
  width: number;
  yOf: (value: number) => number;
}

function Stack({ series, step, x, width, yOf }: StackProps) {
  const gap = Math.min(6, width * 0.22);
  const bars = series.map(({ name, values }, index) => {
    const below = sumAt(series.slice(0, index), step);
    return { name, index, from: yOf(below), to: yOf(below + (values[step] ?? 0)) };
  });
  return bars.map(({ name, index, from, to }) => (
    <rect
      key={name}
      className={`series-${index % 8}`}
      x={x + gap / 2}
      y={to}
      width={Math.max(1, width - gap)}
      height={from - to}
    />
  ));
}

/** Nothing is drawn where there was nothing. */
function Before({ value, x, width, yOf }: Omit<StackProps, "series" | "step"> & { value: number }) {
  if (value <= 0) return null;
  const gap = Math.min(6, width * 0.22);
  return <line className="chart-before" x1={x + gap / 2} x2={x + width - gap / 2} y1={yOf(value)} y2={yOf(value)} />;
}

interface ReadingProps {
  title: string;
  series: Series[];
  before: Series | undefined;
  step: number;
  write: (value: number) => string;
  isLeft: boolean;
}

function Reading({ title, series, before, step, write, isLeft }: ReadingProps) {
  const present = series
    .map((one, index) => ({ ...one, index, value: one.values[step] ?? 0 }))
    .filter(({ value }) => value > 0);
  return (
    <div className={isLeft ? "reading at-left" : "reading"} aria-hidden="true">
      <p className="dim small">{title.replace("|", " ")} UTC</p>
      {present.length === 0 ? <p>Nothing</p> : null}
      {present.map(({ name, index, value }) => (
        <p key={name} className="reading-line">
          <i className={`swatch series-${index % 8}`} />
          <span>{name}</span>
          <b>{write(value)}</b>
        </p>
      ))}
      {before === undefined ? null : (
        <p className="reading-line dim">
          <span>{before.name}</span>
          <b>{write(before.values[step] ?? 0)}</b>
        </p>
      )}
    </div>
  );
}

function sumAt(series: Series[], step: number): number {
  return series.reduce((sum, { values }) => sum + (values[step] ?? 0), 0);
}

/** As many labels as there is room for. */
function isLabelled(index: number, count: number, width: number): boolean {
  const every = Math.max(1, Math.ceil((count * 54) / Math.max(width, 1)));
  return index % every === 0;
}

/** The next of 1, 2, 5, 10, 20… */
function niceCeiling(value: number): number {
  if (!Number.isFinite(value)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= value) ?? 10;
  return step * power;
}
