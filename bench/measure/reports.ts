import { execFile } from "node:child_process";
import { randomInt } from "node:crypto";
import path from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { ask } from "../../src/edge/cli/graphql-client.ts";
import { root } from "../paths.ts";
import type { Gateway } from "../servers/gateway.ts";
import type { Row } from "./rows.ts";

const run = promisify(execFile);

/** What `--only` has to contain for these rows; they take minutes to seed, so nothing less specific chooses them. */
export const reportsName = "reports";

const sizes = { small: 1_000_000, large: 10_000_000 };
const quickSizes = { small: 20_000, large: 200_000 };
const dayMs = 24 * 3_600_000;
const asked = 31;

/** The kinds of report that a dashboard shows. */
const reports = [
  { name: "a year by month", days: 365, groupBy: [], interval: "MONTH" },
  { name: "a year by day and model", days: 365, groupBy: ["MODEL"], interval: "DAY" },
  {
    name: "a quarter by day, model, version and key",
    days: 90,
    groupBy: ["MODEL", "VERSION", "API_KEY"],
    interval: "DAY",
  },
  { name: "a week by hour", days: 7, groupBy: [], interval: "HOUR" },
] as const;

/** How long reports take over ten times the events. Growth is the figure: the milliseconds are the machine's. */
export async function measureReports(gateway: Gateway, { isQuick }: { isQuick: boolean }): Promise<Row[]> {
  const { small, large } = isQuick ? quickSizes : sizes;
  await seed(gateway, small);
  const before = await latencies(gateway);
  await seed(gateway, large - small);
  const after = await latencies(gateway);
  return reports.map(({ name }, i) => {
    const [at1, at10] = [before[i] ?? Number.NaN, after[i] ?? Number.NaN];
    return {
      name: `${reportsName}: ${name}, p50 at ${large.toLocaleString("en")} events against ${small.toLocaleString("en")}`,
      value: Number(at10.toFixed(1)),
      unit: "ms",
      baseline: Number(at1.toFixed(1)),
      ratio: Number((at10 / at1).toFixed(2)),
      aim: "value <= 100",
      holds: at10 <= 100,
    };
  });
}

async function seed({ environment }: Gateway, events: number): Promise<void> {
  const script = path.join(root, "scripts", "run.mjs");
  await run(process.execPath, [script, "seed-usage", "--events", String(events)], { env: environment });
}

async function latencies(gateway: Gateway): Promise<number[]> {
  const medians: number[] = [];
  for (const report of reports) {
    const took: number[] = [];
    for (let i = 0; i < asked; i++) took.push(await timeOf(gateway, report));
    medians.push(took.sort((a, b) => a - b)[(asked - 1) / 2] ?? Number.NaN);
  }
  return medians;
}

const shape = z.object({ usage: z.object({ rows: z.array(z.object({ quantity: z.number() })).min(1) }) });

async function timeOf({ demo }: Gateway, { days, groupBy, interval }: (typeof reports)[number]): Promise<number> {
  // Never the same period twice: no answer could be a remembered one.
  const endsAt = new Date(Date.now() - randomInt(dayMs));
  const input = { startsAt: new Date(endsAt.getTime() - days * dayMs), endsAt, groupBy, interval };
  const startedAt = performance.now();
  await ask(
    { url: demo.url, credential: demo.apiKey },
    "query($input: UsageReportInput!) { usage(input: $input) { rows { startsAt meter quantity amount } total { meter quantity } } }",
    { variables: { input }, shape },
  );
  return performance.now() - startedAt;
}
