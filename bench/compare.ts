import type { Closer } from "./closers.ts";
import { engineMeasurements, engineRows } from "./engine/engine-rows.ts";
import { startGenerator } from "./load/generator-process.ts";
import type { LoadRequest } from "./load/messages.ts";
import { compareBooks } from "./measure/books.ts";
import { startCommitTimer } from "./measure/commit.ts";
import { exactnessNames, measureExactness } from "./measure/exactness.ts";
import { withExpectedLabels } from "./measure/expected.ts";
import { jobsName, measureJobs, measureMillion, millionName } from "./measure/jobs.ts";
import { measureReports, reportsName } from "./measure/reports.ts";
import { type Books, measure, type Pace, warmUp } from "./measure/rounds.ts";
import { memoryRows, type Row, rowsOf } from "./measure/rows.ts";
import { type Setting, settings, warmUpSetting } from "./measure/settings.ts";
import { swapName, swapRows } from "./measure/swap.ts";
import type { Options } from "./options.ts";
import { machine, tableOf, writeResults } from "./report.ts";
import { type Bodies, readBodies } from "./requests.ts";
import { startBare, startFastapi } from "./servers/baselines.ts";
import { type Gateway, startGateway } from "./servers/gateway.ts";
import { memoryOf } from "./servers/processes.ts";
import type { Server } from "./servers/server-process.ts";

const say = (line: string) => process.stdout.write(`${line}\n`);

const fullPace: Pace = { rounds: 3, roundMs: 4_000, warmUpMs: 1_500 };
const quickPace: Pace = { rounds: 1, roundMs: 2_000, warmUpMs: 1_000 };

/** Measures every setting, and prints and writes what came of it. The exit code is 1 where the books do not balance. */
export async function compare(options: Options, closers: Closer[]): Promise<number> {
  if (options.only === reportsName) return await compareReports(options, closers);
  if (options.only === jobsName || options.only === millionName) return await compareJobs(options, closers);
  const { ofEngine, ofGateway } = chooseBy(options.only ?? "");
  const engine = await engineRows(ofEngine, { isQuick: options.isQuick, onRow: sayRow }, closers);
  if (ofGateway === undefined) {
    say(`\n${tableOf(engine)}\n`);
    return 0;
  }
  const startedAt = new Date();
  const stage = await setUp(closers);
  const idle = await memoryOf(stage.gateway.pid);
  const rows = await measureAll(stage, { ...ofGateway, pace: options.isQuick ? quickPace : fullPace });
  const books = await compareBooks(stage.gateway, stage.books, startedAt);
  rows.push(
    ...engine,
    ...memoryRows("idle after the start", idle),
    ...memoryRows("after the load", await memoryOf(stage.gateway.pid)),
    ...books,
  );
  say(`\n${tableOf(rows)}\n`);
  if (options.isQuick || options.only !== undefined) say("Only a whole run is written to bench/results.json.");
  else await writeResults(rows, stage.fastapi);
  return books.every((row) => row.holds === true) ? 0 : 1;
}

interface ChosenOfGateway {
  chosen: Setting[];
  hasSwap: boolean;
  exactness: (typeof exactnessNames)[number][];
}

/** What has the text in its name: of the engine alone, and what needs a whole gateway. */
function chooseBy(text: string): {
  ofEngine: (typeof engineMeasurements)[number][];
  ofGateway: ChosenOfGateway | undefined;
} {
  const chosen = settings.filter(({ name }) => name.includes(text));
  const hasSwap = swapName.includes(text);
  const exactness = exactnessNames.filter((name) => name.includes(text));
  const ofEngine = engineMeasurements.filter((name) => name.includes(text));
  const isGatewayNeeded = chosen.length > 0 || hasSwap || exactness.length > 0;
  if (ofEngine.length === 0 && !isGatewayNeeded) throw new Error(`no setting has "${text}" in its name`);
  return { ofEngine, ofGateway: isGatewayNeeded ? { chosen, hasSwap, exactness } : undefined };
}

function sayRow(row: Row): void {
  say(`  ${row.name}: ${row.value} ${row.unit}, baseline ${row.baseline}, ratio ${row.ratio}`);
}

/** Alone, because it fills the ledger first, which takes minutes. */
async function compareReports(options: Options, closers: Closer[]): Promise<number> {
  const gateway = await startGateway(closers);
  const rows = await measureReports(gateway, options);
  const verified = await gateway.verifyUsage();
  say(`${tableOf(rows)}\n\n${verified.said}`);
  return verified.holds ? 0 : 1;
}

/** Alone: callers of the other rows would be measured beside a job. */
async function compareJobs(options: Options, closers: Closer[]): Promise<number> {
  const bodies = await readBodies();
  const gateway = await startGateway(closers);
  const rows =
    options.only === millionName ? await measureMillion(gateway, bodies) : await measureJobs(gateway, bodies, options);
  const verified = await gateway.verifyUsage();
  say(`${tableOf(rows)}\n\n${verified.said}`);
  return verified.holds ? 0 : 1;
}

interface Stage {
  gateway: Gateway;
  servers: Server[];
  requests: Record<keyof Bodies, LoadRequest[]>;
  books: Books;
  /** Versions of the FastAPI baseline; undefined where it is not there. */
  fastapi: string | undefined;
  closers: Closer[];
}

async function setUp(closers: Closer[]): Promise<Stage> {
  const bodies = await readBodies();
  const bare = await startBare(closers);
  const fastapi = await startFastapi(closers);
  if (fastapi === undefined) {
    say("FastAPI is left out: name a Python with fastapi, uvicorn, onnxruntime and numpy in BENCH_PYTHON.");
  }
  say("Tollgate is starting …");
  const gateway = await startGateway(closers);
  for (const [what, value] of Object.entries(machine(fastapi?.versions))) say(`  ${what}: ${value}`);
  return {
    gateway,
    servers: [bare, ...(fastapi === undefined ? [] : [fastapi.server]), gateway.server],
    requests: await withExpectedLabels(bodies, bare),
    books: { answers: 0, inputs: 0 },
    fastapi: fastapi?.versions,
    closers,
  };
}

async function measureAll(
  stage: Stage,
  {
    chosen,
    hasSwap,
    exactness,
    pace,
  }: {
    chosen: Setting[];
    hasSwap: boolean;
    exactness: (typeof exactnessNames)[number][];
    pace: Pace;
  },
): Promise<Row[]> {
  const { gateway, servers, requests, books, closers } = stage;
  const generator = startGenerator(closers);
  const commits = await startCommitTimer(gateway.databaseUrl, closers);
  await warmUp({ setting: warmUpSetting, servers, requests: requests.digits, generator, books });
  const rows: Row[] = [];
  for (const setting of chosen) {
    const rounds = await measure({
      setting,
      servers,
      requests: requests[setting.bodies],
      pace,
      generator,
      commits,
      books,
    });
    for (const row of rowsOf(setting, rounds)) {
      rows.push(row);
      sayRow(row);
    }
  }
  if (hasSwap) {
    const swap = { server: gateway.server, requests: requests.digits, generator, books, roundMs: 2 * pace.roundMs };
    for (const row of await swapRows(swap)) {
      rows.push(row);
      sayRow(row);
    }
  }
  const loading = { setting: warmUpSetting, requests: requests.digits, generator, books };
  for (const row of await measureExactness(exactness, { ...loading, gateway, pace, closers })) {
    rows.push(row);
    sayRow(row);
  }
  return rows;
}
