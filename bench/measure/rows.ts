import type { Memory } from "../servers/processes.ts";
import type { Server } from "../servers/server-process.ts";
import type { Figures, Round } from "./rounds.ts";
import type { Setting } from "./settings.ts";

/** One line of the report. `ratio` is value / baseline; where nothing is aimed at, `aim` and `holds` are null. */
export interface Row {
  name: string;
  value: number;
  unit: string;
  baseline: number | null;
  ratio: number | null;
  aim: string | null;
  holds: boolean | null;
}

/** The rows of one setting. A ratio is the median of the rounds' own ratios: within a round the machine was the same. */
export function rowsOf(setting: Setting, rounds: Round[]): Row[] {
  const present = setting.against.filter((name) => rounds[0]?.figures.has(name));
  return [
    ...present.map((name) => throughputRow(setting, rounds, name)),
    ...cpuRows(setting, rounds),
    ...(setting.timesOne === true
      ? [...present.map((name) => latencyRow(setting, rounds, name)), boundRow(setting, rounds)]
      : []),
  ];
}

function throughputRow(setting: Setting, rounds: Round[], baseline: Server["name"]): Row {
  const rate = (round: Round, name: Server["name"]) => {
    const { answers = 0, inputs = 0, seconds = 1 } = round.figures.get(name) ?? {};
    return (setting.countsInputs === true ? inputs : answers) / seconds;
  };
  const ratio = median(rounds.map((round) => rate(round, "tollgate") / rate(round, baseline)));
  const aim = setting.aims[baseline];
  return {
    name: `${setting.name}: throughput against ${baseline}`,
    value: rounded(median(rounds.map((round) => rate(round, "tollgate")))),
    unit: setting.countsInputs === true ? "inputs/s" : "answers/s",
    baseline: rounded(median(rounds.map((round) => rate(round, baseline)))),
    ratio: rounded(ratio),
    aim: aim === undefined ? null : `ratio >= ${aim}`,
    holds: aim === undefined ? null : ratio >= aim,
  };
}

/** CPU an answer, against bare: where cores are taken by others, this moves less than throughput. */
function cpuRows(setting: Setting, rounds: Round[]): Row[] {
  const row = (name: string, of: (figures: Figures | undefined) => number): Row => ({
    name: `${setting.name}: CPU of ${name} against bare`,
    value: rounded(median(rounds.map((round) => of(round.figures.get("tollgate"))))),
    unit: "µs/answer",
    baseline: rounded(median(rounds.map((round) => of(round.figures.get("bare"))))),
    ratio: rounded(median(rounds.map(({ figures }) => of(figures.get("tollgate")) / of(figures.get("bare"))))),
    aim: null,
    holds: null,
  });
  const rows = [
    row("the gateway", (figures) => figures?.ownCpuMicros ?? Number.NaN),
    row("gateway, runners and Postgres", (figures) => figures?.allCpuMicros ?? Number.NaN),
  ];
  return rows.filter(({ value }) => !Number.isNaN(value));
}

function latencyRow(setting: Setting, rounds: Round[], baseline: Server["name"]): Row {
  return {
    name: `${setting.name}: p50 against ${baseline}`,
    value: rounded(median(rounds.map((round) => p50(round, "tollgate")))),
    unit: "ms",
    baseline: rounded(median(rounds.map((round) => p50(round, baseline)))),
    ratio: rounded(median(rounds.map((round) => p50(round, "tollgate") / p50(round, baseline)))),
    aim: null,
    holds: null,
  };
}

/** What a metered answer may take: a bare one, two commits of the same Postgres in the same round, and a millisecond. */
function boundRow(setting: Setting, rounds: Round[]): Row {
  const bound = (round: Round) => p50(round, "bare") + 2 * (round.commitMs ?? 0) + 1;
  const ratio = median(rounds.map((round) => p50(round, "tollgate") / bound(round)));
  return {
    name: `${setting.name}: p50 against bare + 2 commits + 1 ms`,
    value: rounded(median(rounds.map((round) => p50(round, "tollgate")))),
    unit: "ms",
    baseline: rounded(median(rounds.map(bound))),
    ratio: rounded(ratio),
    aim: "ratio <= 1",
    holds: ratio <= 1,
  };
}

export function memoryRows(when: string, memory: Memory | undefined): Row[] {
  if (memory === undefined) return [];
  return [
    plainRow(`memory of the gateway, ${when}`, memory.gatewayMb, "MB"),
    plainRow(`memory of a runner, ${when}`, memory.runnerMb, "MB"),
  ];
}

/** A row that is right only where it equals what it is compared with. */
export function equalRow(name: string, value: number, unit: string, expected: number): Row {
  const ratio = expected === 0 ? null : rounded(value / expected);
  return { name, value, unit, baseline: expected, ratio, aim: `= ${expected}`, holds: value === expected };
}

/** What is measured beside what it is compared with; nothing is aimed at where no aim is given. */
export function ratioRow(
  name: string,
  { value, baseline, unit, aim }: { value: number; baseline: number; unit: string; aim?: number },
): Row {
  const ratio = value / baseline;
  return {
    name,
    value: rounded(value),
    unit,
    baseline: rounded(baseline),
    ratio: rounded(ratio),
    aim: aim === undefined ? null : `ratio >= ${aim}`,
    holds: aim === undefined ? null : ratio >= aim,
  };
}

function plainRow(name: string, value: number, unit: string): Row {
  return { name, value: rounded(value), unit, baseline: null, ratio: null, aim: null, holds: null };
}

function p50(round: Round, name: Server["name"]): number {
  return round.figures.get(name)?.p50Ms ?? Number.NaN;
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle) - 1] ?? Number.NaN)) / 2;
}

/** Three digits, or all before the point: what comes after them is noise. */
export function rounded(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}
