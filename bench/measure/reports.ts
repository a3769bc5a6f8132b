import { execFile } from "node:child_process";
import { randomInt } from "node:crypto";
import path from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { z } from "zod";
import { ask } from "../../src/edge/cli/graphql-client.ts";
import { root } from "../paths.ts";
import type { Gateway } from "../servers/gateway.ts";
import { median, type Row } from "./rows.ts";

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
  { name: "92 days by hour", days: 92, groupBy: [], interval: "HOUR" },
] as const;

/** How long reports take over ten times the events. Growth is the figure: the milliseconds are the machine's. */
export async function measureReports(gateway: Gateway, { isQuick }: { isQuick: boolean }): Promise<Row[]> {
  const { small, large } = isQuick ? quickSizes : sizes;
  await seed(gateway, small);
  const before = await latencies(gateway);
  await seed(gateway, large - small);
  const after = await latencies(gateway);
  const rows = reports.map(({ name }, i): Row => {
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
  return [...rows, await measureInvoices(gateway)];
}

/** A year of months issued one after the other, each of which is first recomputed from its events. */
async function measureInvoices(gateway: Gateway): Promise<Row> {
  const tenantId = await beginAYearAgo(gateway);
  const { signIn } = await ask(
    { url: gateway.demo.url, credential: undefined },
    "mutation($input: SignInInput!) { signIn(input: $input) { accessToken } }",
    { variables: { input: gateway.demo.operator }, shape: z.object({ signIn: z.object({ accessToken: z.string() }) }) },
  );
  const took: number[] = [];
  // The gateway issues by itself what is due, too: whoever comes first.
  for (let isDue = true; isDue; ) {
    const startedAt = performance.now();
    isDue = await ask(
      { url: gateway.demo.url, credential: signIn.accessToken },
      "mutation($input: IssueInvoiceInput!) { issueInvoice(input: $input) { number total } }",
      { variables: { input: { tenantId } }, shape: z.object({ issueInvoice: z.object({ number: z.string() }) }) },
    ).then(
      () => true,
      (error: unknown) => {
        if (error instanceof Error && error.message.startsWith("CONFLICT: The period ends at")) return false;
        throw error;
      },
    );
    if (isDue) took.push(performance.now() - startedAt);
  }
  return {
    name: `${reportsName}: issuing a month's invoice, p50 of ${took.length}`,
    value: Number(median(took).toFixed(0)),
    unit: "ms",
    baseline: null,
    ratio: null,
    aim: null,
    holds: null,
  };
}

/** The demo's tenant, as if it had been a customer for as long as it has usage. Returns its id. */
async function beginAYearAgo({ databaseUrl, apiKeyId }: Gateway): Promise<string> {
  const client = new pg.Client({ connectionString: databaseUrl("tollgate") });
  await client.connect();
  try {
    const { rows } = await client.query<{ tenant_id: string }>(
      `update subscriptions s set starts_at = e.first from (
           select k.tenant_id, (select min(hour) from usage_hourly h where h.tenant_id = k.tenant_id) as first
             from api_keys k where k.id = $1) e
         where s.tenant_id = e.tenant_id and s.ends_at is null
         returning s.tenant_id`,
      [apiKeyId],
    );
    const [row] = rows;
    if (row === undefined) throw new Error("the demo tenant has no open subscription");
    return row.tenant_id;
  } finally {
    await client.end();
  }
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
