import { readFileSync } from "node:fs";
import { onTestFinished } from "vitest";
import {
  type Engine,
  type EngineEvent,
  type EngineOptions,
  type LoadableVersion,
  type Row,
  type RunRequest,
  type RunResult,
  startEngine,
} from "../../src/domains/inference/engine.ts";
import { createLogger } from "../../src/platform/logger.ts";
import { eventually } from "./eventually.ts";

/** Starts an engine with one runner and no spare, and ends it with the test. */
export async function engineHouse(
  versions: LoadableVersion[],
  options: Partial<EngineOptions> = {},
): Promise<EngineHouse> {
  const events: EngineEvent[] = [];
  const engine = await startEngine({
    runners: 1,
    spares: 0,
    memoryLimitMb: 512,
    graceMs: 200,
    // A runner that a test holds still stays the one whose turn it is.
    overdueMs: 60_000,
    // What the first batches took on a busy machine decides no test.
    sliceMs: 60_000,
    maxGuestRunners: 2,
    maxQueuedInputsPerTenant: 1_000,
    maxQueuedInputsPerVersion: 4_000,
    maxQueuedInputs: 4_000,
    maxBytesInFlight: 64 * 1024 * 1024,
    provider: "CPU_ONLY",
    logger: createLogger("silent"),
    ...options,
    onEvent: (event) => events.push(event),
  });
  const house = new EngineHouse(engine, events);
  onTestFinished(() => house.close());
  for (const version of versions) await engine.load(version);
  return house;
}

export class EngineHouse {
  readonly engine: Engine;
  readonly events: EngineEvent[];

  constructor(engine: Engine, events: EngineEvent[]) {
    this.engine = engine;
    this.events = events;
  }

  run(
    versionId: string,
    rows: Row[],
    { withinMs = 20_000, tenantId = "ten_a", ...rest }: Partial<RunRequest> & { withinMs?: number } = {},
  ): Promise<RunResult> {
    return this.engine.run({ versionId, tenantId, rows, deadlineAt: performance.now() + withinMs, ...rest });
  }

  eventsOf<K extends EngineEvent["kind"]>(kind: K): Extract<EngineEvent, { kind: K }>[] {
    return this.events.filter((event): event is Extract<EngineEvent, { kind: K }> => event.kind === kind);
  }

  /** The process that gets the batches. */
  get runnerPid(): number {
    const runner = this.engine.state().runners.find(({ isSpare }) => !isSpare);
    if (runner === undefined) throw new Error("No runner is up.");
    return runner.pid;
  }

  get queuedInputs(): number {
    return this.engine.state().lanes.reduce((sum, lane) => sum + lane.queuedInputs, 0);
  }

  /** Stops the runner in its tracks, so that what is asked next waits; returns what lets it go on. */
  async holdRunner(): Promise<() => void> {
    const pid = this.runnerPid;
    process.kill(pid, "SIGSTOP");
    await eventually(() => stateOf(pid) === "T", { withinMs: 5_000, what: "the runner stands still" });
    return () => process.kill(pid, "SIGCONT");
  }

  /** Waits until so many rows stand in the lanes. */
  async untilQueued(rows: number): Promise<void> {
    await eventually(() => this.queuedInputs === rows, { withinMs: 5_000, what: `${rows} rows wait` });
  }

  async close(): Promise<void> {
    for (const { pid } of this.engine.state().runners) if (stateOf(pid) === "T") process.kill(pid, "SIGCONT");
    await this.engine.close();
  }
}

/** R for running, S for sleeping, T for stopped; undefined for a process that is gone, or waits only to be forgotten. */
export function stateOf(pid: number): string | undefined {
  try {
    const state = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.[0];
    return state === "Z" || state === "X" ? undefined : state;
  } catch {
    return undefined;
  }
}
