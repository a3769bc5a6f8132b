import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { CliError, type ExitCode, exitCodes } from "./errors.ts";
import type { GatewayClient } from "./gateway-client.ts";
import { barOf, moneyOf, progressLine, shown } from "./progress-bar.ts";
import { StatusLine, type Terminal } from "./terminal.ts";

export const jobSchema = z.object({
  id: z.string(),
  state: z.string(),
  createdAt: z.string(),
  startedAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
  amount: z.string(),
  counts: z.object({ total: z.number().nullable(), read: z.number(), succeeded: z.number(), failed: z.number() }),
  itemsPerSecond: z.number(),
  secondsLeft: z.number().nullable(),
  model: z.object({ name: z.string() }).nullable(),
  version: z.object({ version: z.number() }).nullable(),
  pause: z.object({ kind: z.string(), message: z.string(), until: z.string().nullable() }).nullable(),
  failure: z.object({ code: z.string(), message: z.string() }).nullable(),
});

export type ShownJob = z.infer<typeof jobSchema>;

export const jobFields = `id state createdAt startedAt finishedAt amount itemsPerSecond secondsLeft
  counts { total read succeeded failed } model { name } version { version }
  pause { kind message until } failure { code message }`;

const pollMs = 400;
const reconnectMs = 400;
/** A gateway that restarts is waited for; the job goes on without whoever watches. */
const maxUnreachableMs = 120_000;

export async function findJob(client: GatewayClient, id: string): Promise<ShownJob> {
  const { job } = await client.ask(
    `query($id: ID!) { job(id: $id) { ${jobFields} } }`,
    { id },
    z.object({ job: jobSchema }),
  );
  return job;
}

/**
 * Shows a job until it has ended, whatever becomes of the gateway meanwhile. The stream begins with how the job stands, so
 * whoever comes back to it has missed nothing that matters.
 */
export async function watchJob(client: GatewayClient, id: string, { err }: Terminal): Promise<ShownJob> {
  const display = new JobDisplay(err);
  for (;;) {
    const came = await follow(client, id, display);
    if (came.kind === "ENDED") return came.job;
    if (came.kind === "NO_STREAM") return await poll(client, id, { display, why: came.why });
    await display.wait(reconnectMs, came.why);
  }
}

type Followed =
  | { kind: "ENDED"; job: ShownJob }
  /** The gateway stopped, the network broke, or the credential has to be renewed. */
  | { kind: "BROKEN_OFF"; why: CliError | undefined }
  /** It answers, but not with a stream. */
  | { kind: "NO_STREAM"; why: string };

async function follow(client: GatewayClient, id: string, display: JobDisplay): Promise<Followed> {
  const progress = `subscription($id: ID!) { jobProgress(id: $id) { ${jobFields} } }`;
  let hasBegun = false;
  try {
    for await (const { jobProgress: job } of client.stream(progress, { id }, z.object({ jobProgress: jobSchema }))) {
      hasBegun = true;
      display.show(job);
      if (job.finishedAt !== null) return { kind: "ENDED", job };
    }
    return { kind: "BROKEN_OFF", why: undefined };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    if (hasBegun || error.exitCode === exitCodes.UNREACHABLE) return { kind: "BROKEN_OFF", why: error };
    // What is refused for a reason of its own is refused to whoever asks for the job, too.
    await findJob(client, id);
    return { kind: "NO_STREAM", why: error.message };
  }
}

/** Where a stream cannot be had, as behind a proxy that passes none on. */
async function poll(
  client: GatewayClient,
  id: string,
  { display, why }: { display: JobDisplay; why: string },
): Promise<ShownJob> {
  display.say(`Progress cannot be streamed (${why}): asking every ${pollMs / 1000} s instead.`);
  for (;;) {
    const job = await findUnlessUnreachable(client, id);
    if (!(job instanceof CliError)) {
      display.show(job);
      if (job.finishedAt !== null) return job;
    }
    await display.wait(pollMs, job instanceof CliError ? job : undefined);
  }
}

/** The status line, and a line of its own for why a job pauses. */
class JobDisplay {
  readonly #err: Terminal["err"];
  readonly #status: StatusLine;
  #pauseShown = "";
  #lastHeardAt = Date.now();

  constructor(err: Terminal["err"]) {
    this.#err = err;
    this.#status = new StatusLine(err);
  }

  show(job: ShownJob): void {
    this.#lastHeardAt = Date.now();
    const why = job.pause?.message ?? "";
    if (job.finishedAt !== null || why !== this.#pauseShown) this.#status.clear();
    if (job.finishedAt !== null) return;
    if (why !== "" && why !== this.#pauseShown) this.say(`Paused: ${why}`);
    this.#pauseShown = why;
    this.#status.show(progressLine(job, this.#status.columns));
  }

  /** Before the gateway is asked again. Throws why it does not answer, if it has not for too long. */
  async wait(ms: number, problem: CliError | undefined): Promise<void> {
    if (problem?.exitCode === exitCodes.UNREACHABLE) {
      if (Date.now() - this.#lastHeardAt > maxUnreachableMs) throw problem;
      this.#status.show(`${barOf(0)}  the gateway cannot be reached; the job goes on without us`);
    }
    await pause(ms);
  }

  say(line: string): void {
    this.#status.clear();
    this.#err.write(`${line}\n`);
  }
}

async function findUnlessUnreachable(client: GatewayClient, id: string): Promise<ShownJob | CliError> {
  try {
    return await findJob(client, id);
  } catch (error) {
    if (error instanceof CliError && error.exitCode === exitCodes.UNREACHABLE) return error;
    throw error;
  }
}

/** How a job ended, in a line or two, and what a script is told. */
export function endOf(job: ShownJob): { text: string; exitCode: ExitCode } {
  const { succeeded, failed } = job.counts;
  const seconds = (Date.parse(job.finishedAt ?? job.createdAt) - Date.parse(job.createdAt)) / 1000;
  const facts = [
    `${shown(succeeded)} answered`,
    ...(failed > 0 ? [`${shown(failed)} failed`] : []),
    `${moneyOf(job.amount)} charged`,
    `${seconds.toFixed(1)} s`,
  ];
  const why = job.failure === null ? [] : [`${job.failure.code}: ${job.failure.message}`];
  return {
    text: [`${job.id}  ${job.state}  ${facts.join(" · ")}`, ...why].join("\n"),
    exitCode: job.state === "SUCCEEDED" ? exitCodes.OK : exitCodes.NOT_ALL_ANSWERED,
  };
}
