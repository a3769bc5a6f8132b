import type { Generator } from "../load/generator-process.ts";
import type { LoadFigures, LoadRequest } from "../load/messages.ts";
import { takingOf } from "../servers/processes.ts";
import type { Server } from "../servers/server-process.ts";
import type { CommitTimer } from "./commit.ts";
import type { Setting } from "./settings.ts";

/** What callers saw, and what it took of the machine. */
export interface Figures extends LoadFigures {
  /** CPU microseconds an answer of the process that answers. NaN where the system does not tell. */
  ownCpuMicros: number;
  /** The same of all that worked for it. */
  allCpuMicros: number;
}

/** One round: each server under the same load, one right after the other, so that the machine's moods hit all alike. */
export interface Round {
  figures: Map<Server["name"], Figures>;
  /** What a commit of the gateway's Postgres took in this round; measured where one client is timed. */
  commitMs: number | undefined;
}

export interface Pace {
  rounds: number;
  roundMs: number;
  warmUpMs: number;
}

/** Adds up every answer that Tollgate gave, warm-up included: each must be found in its books. */
export interface Books {
  answers: number;
  inputs: number;
}

export interface Loading {
  setting: Setting;
  requests: LoadRequest[];
  generator: Generator;
  books: Books;
}

interface Measuring extends Loading {
  servers: Server[];
  pace: Pace;
  commits: CommitTimer;
}

export async function measure(measuring: Measuring): Promise<Round[]> {
  const { setting, servers, pace, commits } = measuring;
  const taking = servers.filter(({ name }) => name === "tollgate" || setting.against.includes(name));
  for (const server of taking) await load(measuring, server, pace.warmUpMs);
  const rounds: Round[] = [];
  for (let i = 0; i < pace.rounds; i++) {
    const figures: Round["figures"] = new Map();
    // There and back again: a drift of the machine favours nobody.
    const order = i % 2 === 0 ? taking : taking.toReversed();
    for (const server of order) figures.set(server.name, await load(measuring, server, pace.roundMs));
    rounds.push({ figures, commitMs: setting.timesOne === true ? await commits.p50Ms() : undefined });
  }
  return rounds;
}

const warmAnswers = 10_000;
const warmUpBoundMs = 20_000;

/** Asks each server until its code is compiled as well as it will be; that takes a number of answers, not a time. */
export async function warmUp(loading: Loading & { servers: Server[] }): Promise<void> {
  for (const server of loading.servers) {
    const endsAt = performance.now() + warmUpBoundMs;
    for (let answers = 0; answers < warmAnswers && performance.now() < endsAt; ) {
      answers += (await load(loading, server, 1_000)).answers;
    }
  }
}

/** Loads one server for that long, and tells what came of it. */
export async function load(loading: Loading, server: Server, durationMs: number): Promise<Figures> {
  const { setting, requests, generator, books } = loading;
  const { host, port, path, credential } = server;
  const before = await takingOf(server.pids);
  const figures = await generator.run({ host, port, path, credential, requests, clients: setting.clients, durationMs });
  if (server.name === "tollgate") {
    books.answers += figures.answers;
    books.inputs += figures.inputs;
  }
  if (figures.failures > 0) {
    throw new Error(
      `${server.name} failed ${figures.failures} requests under ${setting.name}: ${figures.firstFailure}`,
    );
  }
  const after = await takingOf(server.pids);
  const each = (seconds: number | undefined, earlier: number | undefined) =>
    (((seconds ?? Number.NaN) - (earlier ?? Number.NaN)) * 1e6) / figures.answers;
  return {
    ...figures,
    ownCpuMicros: each(after?.ownCpuSeconds, before?.ownCpuSeconds),
    allCpuMicros: each(after?.allCpuSeconds, before?.allCpuSeconds),
  };
}
