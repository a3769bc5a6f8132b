import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { newId } from "../../src/core/ids.ts";
import { ask } from "../../src/edge/cli/graphql-client.ts";
import type { Bodies } from "../requests.ts";
import type { Gateway } from "../servers/gateway.ts";
import { memoryOf } from "../servers/processes.ts";
import { plainDigits, plainMails } from "./plain-loop.ts";
import { type Row, rounded } from "./rows.ts";

/** What `--only` has to be for these rows, and for the one that takes a long while. */
export const jobsName = "jobs";
export const millionName = "jobs: a million";

const bodySchema = z.object({
  variables: z.object({
    input: z.object({
      inputs: z.array(
        z.object({ text: z.string().optional(), tensor: z.looseObject({ data: z.string() }).optional() }),
      ),
    }),
  }),
});

/** Jobs beside a plain loop over the same inputs, and what callers notice of one. */
export async function measureJobs(gateway: Gateway, bodies: Bodies, { isQuick }: { isQuick: boolean }): Promise<Row[]> {
  const items = isQuick ? 2_000 : 30_000;
  const mails = repeated(bodies.mails.map(inputIn), items);
  const digits = repeated(bodies.digits.map(inputIn), items);
  const pictures = digits.map(({ tensor }) => Buffer.from(tensor?.data ?? "", "base64"));
  const plain = {
    mail: await plainMails(
      mails.map(({ text = "" }) => text),
      32,
    ),
    digits: await plainDigits(pictures, 64),
  };
  const mailJob = await runJob(gateway, "mail", mails);
  const digitsJob = await runJob(gateway, "digits", digits);
  const idle = await p99Of(gateway, bodies.digits, untilMs(isQuick ? 1_000 : 8_000));
  const during = await whileWorking(gateway, mails, (isOver) => p99Of(gateway, bodies.digits, isOver));
  return [
    ratioRow("mails of a job against a plain loop", mailJob.itemsPerSecond, plain.mail, 0.7),
    ratioRow("digits of a job against a plain loop", digitsJob.itemsPerSecond, plain.digits, undefined),
    { ...plainRow("from submitting to the first result", mailJob.firstResultMs, "ms") },
    {
      name: `${jobsName}: p99 of callers while a job runs, against idle`,
      value: rounded(during),
      unit: "ms",
      baseline: rounded(idle),
      ratio: rounded(during / idle),
      aim: "ratio <= 2",
      holds: during / idle <= 2,
    },
  ];
}

/** The gateway's memory over a job of a million rows: its largest, against what it had after a small one. */
export async function measureMillion(gateway: Gateway, bodies: Bodies): Promise<Row[]> {
  const mails = bodies.mails.map(inputIn);
  await runJob(gateway, "mail", repeated(mails, 2_000));
  const before = (await memoryOf(gateway.pid))?.gatewayMb ?? Number.NaN;
  const short = [{ text: "free money now" }, { text: "minutes of the meeting" }];
  let largest = before;
  const job = await runJob(gateway, "mail", repeated(short, 1_000_000), async () => {
    largest = Math.max(largest, (await memoryOf(gateway.pid))?.gatewayMb ?? 0);
  });
  return [
    plainRow("items of a million a second", job.itemsPerSecond, "items/s"),
    {
      name: `${millionName} rows: the gateway's largest memory against a small job's`,
      value: rounded(largest),
      unit: "MB",
      baseline: rounded(before),
      ratio: rounded(largest / before),
      aim: null,
      holds: null,
    },
  ];
}

type Input = z.infer<typeof bodySchema>["variables"]["input"]["inputs"][number];

const jobSchema = z.object({
  job: z.object({ finishedAt: z.string().nullable(), counts: z.object({ succeeded: z.number(), failed: z.number() }) }),
});

async function runJob(gateway: Gateway, model: string, inputs: readonly Input[], onPoll = () => Promise.resolve()) {
  const id = await submit(gateway, model, inputs);
  const startedAt = performance.now();
  let firstResultMs: number | undefined;
  for (;;) {
    const { job } = await find(gateway, id);
    if (job.counts.succeeded > 0) firstResultMs ??= performance.now() - startedAt;
    if (job.counts.failed > 0) throw new Error(`${job.counts.failed} items of a job failed`);
    if (job.finishedAt !== null) break;
    await onPoll();
    await pause(20);
  }
  const itemsPerSecond = (1_000 * inputs.length) / (performance.now() - startedAt);
  return { itemsPerSecond, firstResultMs: firstResultMs ?? Number.NaN };
}

/** Measures until the job has ended. */
async function whileWorking(
  gateway: Gateway,
  inputs: readonly Input[],
  measure: (isOver: () => boolean) => Promise<number>,
): Promise<number> {
  let isOver = false;
  const working = runJob(gateway, "mail", inputs).finally(() => {
    isOver = true;
  });
  const figure = await measure(() => isOver);
  await working;
  return figure;
}

async function submit(gateway: Gateway, model: string, inputs: readonly Input[]): Promise<string> {
  const datasetId = newId("dataset");
  const { host, port } = gateway.server;
  const body = inputs.map((input) => `${JSON.stringify(input)}\n`).join("");
  const uploaded = await fetch(`http://${host}:${port}/datasets/${datasetId}`, {
    method: "PUT",
    headers: { authorization: `Bearer ${gateway.demo.apiKey}`, "content-type": "application/jsonl" },
    body,
  });
  if (uploaded.status !== 201) throw new Error(`the upload was answered with ${uploaded.status}`);
  const { submitJob } = await ask(
    { url: gateway.demo.url, credential: gateway.demo.apiKey },
    "mutation($input: SubmitJobInput!) { submitJob(input: $input) { id } }",
    {
      variables: { input: { model, source: { datasetId } } },
      shape: z.object({ submitJob: z.object({ id: z.string() }) }),
    },
  );
  return submitJob.id;
}

async function find(gateway: Gateway, id: string) {
  const to = { url: gateway.demo.url, credential: gateway.demo.apiKey };
  const query = "query($id: ID!) { job(id: $id) { finishedAt counts { succeeded failed } } }";
  return await ask(to, query, { variables: { id }, shape: jobSchema });
}

/** Four callers, one digit at a time each. */
async function p99Of(gateway: Gateway, digits: readonly string[], isOver: () => boolean): Promise<number> {
  const { host, port } = gateway.server;
  const times: number[] = [];
  const call = async (caller: number) => {
    for (let turn = caller; !isOver(); turn++) {
      const startedAt = performance.now();
      const answer = await fetch(`http://${host}:${port}/graphql`, {
        method: "POST",
        headers: { authorization: `Bearer ${gateway.demo.apiKey}`, "content-type": "application/json" },
        body: digits[turn % digits.length] ?? "",
      });
      if (!(await answer.text()).includes('"label"')) throw new Error("a caller was not answered");
      times.push(performance.now() - startedAt);
    }
  };
  await Promise.all([0, 1, 2, 3].map(call));
  return times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? Number.NaN;
}

function untilMs(ms: number): () => boolean {
  const end = performance.now() + ms;
  return () => performance.now() > end;
}

function inputIn(body: string): Input {
  const [input] = bodySchema.parse(JSON.parse(body)).variables.input.inputs;
  if (input === undefined) throw new Error("a body has no input");
  return input;
}

function repeated<T>(items: readonly T[], count: number): T[] {
  return Array.from({ length: count }, (_, i) => items[i % items.length]).filter((item) => item !== undefined);
}

function ratioRow(what: string, value: number, baseline: number, atLeast: number | undefined): Row {
  const ratio = value / baseline;
  return {
    name: `${jobsName}: ${what}`,
    value: rounded(value),
    unit: "items/s",
    baseline: rounded(baseline),
    ratio: rounded(ratio),
    aim: atLeast === undefined ? null : `ratio >= ${atLeast}`,
    holds: atLeast === undefined ? null : ratio >= atLeast,
  };
}

function plainRow(what: string, value: number, unit: string): Row {
  return {
    name: `${jobsName}: ${what}`,
    value: rounded(value),
    unit,
    baseline: null,
    ratio: null,
    aim: null,
    holds: null,
  };
}
