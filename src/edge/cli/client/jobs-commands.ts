import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import type { Command } from "./command.ts";
import { type ExitCode, exitCodes, usageError } from "./errors.ts";
import { type GatewayClient, refusalOf } from "./gateway-client.ts";
import { bytesOf, moneyOf, shown, timeOf } from "./progress-bar.ts";
import { StatusLine, type Terminal, tableOf } from "./terminal.ts";
import { formatOf, uploadFile } from "./upload.ts";
import { endOf, findJob, jobFields, jobSchema, type ShownJob, watchJob } from "./watch.ts";

const submitUsage =
  "tollgate jobs submit <file.jsonl|csv|parquet|zip> --model <name> [--alias <name> | --version <n>] [--text|--image|--tensor|--id <column>] [--top-k <n>] [--explain <method> [--samples <n>] [--target <label>] [--heat-map]] [--webhook <endpoint>] [--priority <n>] [--format <format>] [--estimate] [--watch] [--json]";

export const submitCommand: Command = {
  usage: submitUsage,
  summary: "Uploads a file and submits it as a job; goes on with an upload that broke off.",
  options: {
    model: { type: "string" },
    alias: { type: "string" },
    version: { type: "string" },
    format: { type: "string" },
    text: { type: "string" },
    image: { type: "string" },
    tensor: { type: "string" },
    id: { type: "string" },
    "top-k": { type: "string" },
    explain: { type: "string" },
    samples: { type: "string" },
    target: { type: "string" },
    "heat-map": { type: "boolean" },
    webhook: { type: "string" },
    priority: { type: "string" },
    estimate: { type: "boolean" },
    watch: { type: "boolean" },
    json: { type: "boolean" },
  },
  run: async ({ client, positionals, values, terminal }) => {
    const [file] = positionals;
    const model = textOf(values["model"]);
    if (file === undefined || model === undefined) throw usageError(`Use it as: ${submitUsage}`);
    const format = formatOf(file, textOf(values["format"]));
    const status = new StatusLine(terminal.err);
    const onProgress = (sent: number, of: number) => status.show(`uploading  ${bytesOf(sent)} of ${bytesOf(of)}`);
    const { datasetId } = await uploadFile({ client, file, format, onProgress });
    status.clear();
    const input = {
      model,
      ...(values["version"] === undefined
        ? { alias: textOf(values["alias"]) ?? "stable" }
        : { version: wholeOf("version", values["version"]) }),
      topK: wholeOf("top-k", values["top-k"] ?? "1"),
      priority: wholeOf("priority", values["priority"] ?? "0"),
      explain: explanationOf(values),
      webhook: textOf(values["webhook"]),
      source: { datasetId, columns: columnsOf(values) },
    };
    if (values["estimate"] === true)
      return await estimate(client, input, { terminal, isJson: values["json"] === true });
    const job = await submit(client, input);
    if (values["watch"] !== true) {
      print(terminal, job, values["json"] === true, `${job.id}  ${job.state}`);
      return exitCodes.OK;
    }
    return await watchToTheEnd(client, job.id, { terminal, isJson: values["json"] === true });
  },
};

export const watchCommand: Command = {
  usage: "tollgate jobs watch <job> [--json]",
  summary: "Shows a job until it has ended.",
  options: { json: { type: "boolean" } },
  run: async ({ client, positionals, values, terminal }) =>
    await watchToTheEnd(client, idIn(positionals), { terminal, isJson: values["json"] === true }),
};

export const showCommand: Command = {
  usage: "tollgate jobs show <job> [--json]",
  summary: "Tells how a job stands.",
  options: { json: { type: "boolean" } },
  run: async ({ client, positionals, values, terminal }) => {
    const job = await findJob(client, idIn(positionals));
    print(terminal, job, values["json"] === true, detailsOf(job));
    return exitCodes.OK;
  },
};

export const listCommand: Command = {
  usage: "tollgate jobs list [--json]",
  summary: "Lists the latest jobs.",
  options: { json: { type: "boolean" } },
  run: async ({ client, values, terminal }) => {
    const { jobs } = await client.ask(
      `{ jobs(first: 50) { nodes { ${jobFields} } } }`,
      {},
      z.object({ jobs: z.object({ nodes: z.array(jobSchema) }) }),
    );
    const rows = jobs.nodes.map((job) => [
      job.id,
      job.state,
      job.model?.name ?? "",
      `${shown(job.counts.succeeded + job.counts.failed)}/${shown(job.counts.total ?? job.counts.read)}`,
      job.createdAt.slice(0, 19).replace("T", " "),
    ]);
    print(
      terminal,
      jobs.nodes,
      values["json"] === true,
      tableOf([["JOB", "STATE", "MODEL", "ENDED", "SUBMITTED"], ...rows]),
    );
    return exitCodes.OK;
  },
};

export const cancelCommand = changing("cancel", "cancelJob", "Stops a job; what has ended stays charged.");
export const resumeCommand = changing("resume", "resumeJob", "Goes on with a paused job under this credential.");
export const retryCommand = changing("retry", "retryJob", "Tries the failed items of a job again.");

export const resultsCommand: Command = {
  usage: "tollgate jobs results <job> [--format jsonl|csv] [--after <index>] > out.jsonl",
  summary: "Writes the results of a job, in the order of its items.",
  options: { format: { type: "string" }, after: { type: "string" } },
  run: async ({ client, positionals, values, terminal }) => {
    const query = new URLSearchParams({ format: textOf(values["format"]) ?? "jsonl" });
    const after = textOf(values["after"]);
    if (after !== undefined) query.set("after", after);
    const response = await client.send({ method: "GET", path: `/jobs/${idIn(positionals)}/results?${query}` });
    if (!response.ok || response.body === null) throw await refusalOf(response);
    await pipeline(Readable.fromWeb(response.body), terminal.out, { end: false });
    if (response.headers.get("x-tollgate-complete") === "true") return exitCodes.OK;
    terminal.err.write("The job has not ended: these are its first results. Go on later with --after <last index>.\n");
    return exitCodes.NOT_ALL_ANSWERED;
  },
};

function changing(verb: string, mutation: "cancelJob" | "resumeJob" | "retryJob", summary: string): Command {
  const input = `${mutation[0]?.toUpperCase()}${mutation.slice(1)}Input`;
  return {
    usage: `tollgate jobs ${verb} <job> [--json]`,
    summary,
    options: { json: { type: "boolean" } },
    run: async ({ client, positionals, values, terminal }) => {
      const answer = await client.ask(
        `mutation($input: ${input}!) { ${mutation}(input: $input) { ${jobFields} } }`,
        { input: { id: idIn(positionals) } },
        z.record(z.string(), jobSchema),
      );
      const job = answer[mutation];
      if (job !== undefined) print(terminal, job, values["json"] === true, `${job.id}  ${job.state}`);
      return exitCodes.OK;
    },
  };
}

async function submit(client: GatewayClient, input: object): Promise<ShownJob> {
  const query = `mutation($input: SubmitJobInput!) { submitJob(input: $input) { ${jobFields} } }`;
  return (await client.ask(query, { input }, z.object({ submitJob: jobSchema }))).submitJob;
}

const estimateSchema = z.object({
  items: z.number(),
  inputs: z.number(),
  isExact: z.boolean(),
  amount: z.string().nullable(),
  seconds: z.number().nullable(),
});

async function estimate(
  client: GatewayClient,
  input: object,
  { terminal, isJson }: { terminal: Terminal; isJson: boolean },
): Promise<ExitCode> {
  const query = "query($input: SubmitJobInput!) { estimateJob(input: $input) { items inputs isExact amount seconds } }";
  const { estimateJob } = await client.ask(query, { input }, z.object({ estimateJob: estimateSchema }));
  const { items, inputs, isExact, amount, seconds } = estimateJob;
  const facts = [
    `${isExact ? "" : "about "}${shown(items)} items`,
    ...(inputs === items ? [] : [`${shown(inputs)} inputs with their explanations`]),
    amount === null ? "no plan prices them" : `${moneyOf(amount)} if all are answered`,
    ...(seconds === null ? [] : [`about ${timeOf(seconds)}`]),
  ];
  print(terminal, estimateJob, isJson, facts.join(" · "));
  return exitCodes.OK;
}

async function watchToTheEnd(
  client: GatewayClient,
  id: string,
  { terminal, isJson }: { terminal: Terminal; isJson: boolean },
): Promise<ExitCode> {
  const job = await watchJob(client, id, terminal);
  const { text, exitCode } = endOf(job);
  print(terminal, job, isJson, text);
  return exitCode;
}

function detailsOf(job: ShownJob): string {
  const { total, read, succeeded, failed } = job.counts;
  const rows = [
    ["job", job.id],
    ["state", job.state],
    ["model", `${job.model?.name ?? "?"} ${job.version?.version ?? ""}`.trim()],
    ["items", `${shown(total ?? read)}${total === null ? " so far" : ""}`],
    ["answered", shown(succeeded)],
    ["failed", shown(failed)],
    ["charged", moneyOf(job.amount)],
    ["submitted", job.createdAt],
    ["finished", job.finishedAt ?? "not yet"],
    ...(job.pause === null ? [] : [["paused", job.pause.message]]),
    ...(job.failure === null ? [] : [["failure", `${job.failure.code}: ${job.failure.message}`]]),
  ];
  return tableOf(rows);
}

function print({ out }: Terminal, value: unknown, isJson: boolean, text: string): void {
  out.write(isJson ? `${JSON.stringify(value)}\n` : `${text}\n`);
}

function columnsOf(values: Readonly<Record<string, unknown>>): Record<string, string> {
  const given = ["text", "image", "tensor", "id"].flatMap((name) => {
    const column = textOf(values[name]);
    return column === undefined ? [] : [[name, column] as const];
  });
  return Object.fromEntries(given);
}

/** How each answer is to be explained. What goes with it says nothing without it. */
function explanationOf(values: Readonly<Record<string, unknown>>): Record<string, unknown> | undefined {
  const method = textOf(values["explain"]);
  const alone = ["samples", "target", "heat-map"].find((name) => values[name] !== undefined);
  if (method === undefined) {
    if (alone === undefined) return undefined;
    throw usageError(`--${alone} goes with --explain <method>.`);
  }
  return {
    method: method.toUpperCase().replaceAll("-", "_"),
    ...(values["samples"] === undefined ? {} : { samples: wholeOf("samples", values["samples"]) }),
    target: textOf(values["target"]),
    heatMap: values["heat-map"] === true,
  };
}

function idIn([id]: readonly string[]): string {
  if (id !== undefined) return id;
  throw usageError("Name the job: tollgate jobs list shows them.");
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function wholeOf(name: string, value: unknown): number {
  const number = Number(value);
  if (Number.isInteger(number)) return number;
  throw usageError(`--${name} takes a whole number.`);
}
