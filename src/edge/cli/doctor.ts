import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { messageOf } from "../../core/errors.ts";
import { cudaLibrary, defaultPreference } from "../../domains/inference/cuda-library.ts";
import { type Engine, type EngineEvent, startEngine } from "../../domains/inference/engine.ts";
import { type BundledVersion, readBundledModels } from "../../domains/models/bundled-models.ts";
import type { Config } from "../../platform/config.ts";
import type { Logger } from "../../platform/logger.ts";
import { findPostgresBinaries } from "../../platform/postgres-binaries.ts";

const run = promisify(execFile);

/** One thing that was looked at. BROKEN: Tollgate cannot do its work so. LACKING: it can, with less than there could be. */
interface Finding {
  verdict: "GOOD" | "LACKING" | "BROKEN";
  what: string;
}

const marks: Record<Finding["verdict"], string> = { GOOD: "ok     ", LACKING: "lacking", BROKEN: "BROKEN " };

/** Says in plain words what this machine has of what Tollgate needs. Returns the exit code: 1 if something is broken. */
export async function runDoctor(
  { config, logger }: { config: Config; logger: Logger },
  print: (line: string) => void,
): Promise<number> {
  const findings = [nodeFinding(), await postgresFinding(config), cudaFinding(config)];
  for (const { verdict, what } of findings) print(`${marks[verdict]}  ${what}`);
  const ofRunners = await runnerFindings(config, logger);
  for (const { verdict, what } of ofRunners) print(`${marks[verdict]}  ${what}`);
  return [...findings, ...ofRunners].some(({ verdict }) => verdict === "BROKEN") ? 1 : 0;
}

function nodeFinding(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const isNewEnough = major > 22 || (major === 22 && minor >= 18);
  const what = `Node ${process.version} on ${process.platform}-${process.arch}`;
  return isNewEnough
    ? { verdict: "GOOD", what }
    : { verdict: "BROKEN", what: `${what}: 22.18 or newer is needed. npm ci brings one on Linux x64.` };
}

async function postgresFinding({ databaseUrl }: Config): Promise<Finding> {
  if (databaseUrl !== undefined)
    return { verdict: "GOOD", what: "Postgres: your own, by DATABASE_URL (not looked at)" };
  try {
    const { postgres } = await findPostgresBinaries();
    const { stdout } = await run(postgres, ["--version"]);
    return { verdict: "GOOD", what: `Postgres: the embedded one, ${stdout.trim()}` };
  } catch (error) {
    return { verdict: "BROKEN", what: `Postgres: ${messageOf(error)}` };
  }
}

function cudaFinding({ executionProvider }: Config): Finding {
  const { file, isThere } = cudaLibrary();
  const preference = executionProvider ?? defaultPreference();
  const chosen = `EXECUTION_PROVIDER is ${preference}${executionProvider === undefined ? " by default" : ""}`;
  if (isThere) return { verdict: "GOOD", what: `CUDA library: ${file}; ${chosen}` };
  const what = `CUDA library: there is none at ${file}, so models run on the processor; ${chosen}. See docs/gpu.md.`;
  if (preference === "CPU_ONLY") return { verdict: "GOOD", what };
  return { verdict: preference === "REQUIRE_CUDA" ? "BROKEN" : "LACKING", what };
}

/** Starts a runner as the gateway does, and loads every bundled model onto it. */
async function runnerFindings(config: Config, logger: Logger): Promise<Finding[]> {
  const findings: Finding[] = [];
  const lacks = new Set<string>();
  const onEvent = (event: EngineEvent) => {
    if (event.kind === "FENCE_INCOMPLETE") lacks.add(event.reason);
  };
  try {
    const versions = await readBundledModels(config.modelsDir);
    const engine = await startEngine({
      runners: 1,
      spares: 0,
      maxGuestRunners: 1,
      memoryLimitMb: config.runnerMemoryMb,
      graceMs: 1_000,
      maxQueuedInputs: config.maxQueuedInputs,
      maxQueuedInputsPerVersion: config.maxQueuedInputsPerVersion,
      maxQueuedInputsPerTenant: config.maxQueuedInputsPerTenant,
      maxBytesInFlight: config.maxInFlightBytes,
      provider: config.executionProvider ?? defaultPreference(),
      logger,
      onEvent,
    });
    try {
      for (const version of versions) findings.push(await modelFinding(engine, version));
    } finally {
      await engine.close();
    }
  } catch (error) {
    findings.push({ verdict: "BROKEN", what: `Runners: ${messageOf(error)}` });
  }
  return [...fenceFindings(lacks), ...findings];
}

function fenceFindings(lacks: Set<string>): Finding[] {
  if (lacks.size === 0)
    return [
      { verdict: "GOOD", what: "Fence around model code: complete (prlimit bounds memory, setpriv ends orphans)" },
    ];
  return [...lacks].map((reason) => ({ verdict: "LACKING", what: `Fence around model code: ${reason}` }));
}

async function modelFinding(engine: Engine, { manifest, file, problem }: BundledVersion): Promise<Finding> {
  const name = `Model ${manifest.name} version ${manifest.version}`;
  if (problem !== undefined) return { verdict: "BROKEN", what: `${name}: ${problem}` };
  try {
    const { provider, providerReason, batching, loadMs } = await engine.load({
      id: `${manifest.name}/${manifest.version}`,
      manifest,
      ownerTenantId: undefined,
      readModel: () => readFile(file),
    });
    const why = providerReason === undefined ? "" : ` (${providerReason})`;
    return {
      verdict: providerReason === undefined ? "GOOD" : "LACKING",
      what: `${name}: runs on ${provider}${why}, batches ${batching}, loaded and compared in ${Math.round(loadMs)} ms`,
    };
  } catch (error) {
    return { verdict: "BROKEN", what: `${name}: ${messageOf(error)}` };
  }
}
