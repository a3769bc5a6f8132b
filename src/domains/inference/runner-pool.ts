import { messageOf } from "../../core/errors.ts";
import type { Logger } from "../../platform/logger.ts";
import type { EngineEvent } from "./engine-events.ts";
import type { LoadedVersion } from "./loaded-version.ts";
import { Runner, RunnerGone, type RunnerMode } from "./runner.ts";
import { spawnRunner } from "./runner-process.ts";
import { warmUp } from "./warm-up.ts";

export interface RunnerPoolOptions {
  runners: number;
  spares: number;
  memoryLimitMb: number;
  graceMs: number;
  loadTimeoutMs: number;
  logger: Logger;
  onEvent: (event: EngineEvent) => void;
  /** Called when a runner can take a batch that could not before. */
  onFree: () => void;
}

export interface RunnerState {
  pid: number;
  mode: RunnerMode;
  isSpare: boolean;
}

/**
 * The runners and the warm spares. All hold the same sessions; a spare differs only in getting no batches. When a
 * runner ends a spare takes its place at once, and another is started as the spare.
 */
export class RunnerPool {
  readonly #options: RunnerPoolOptions;
  readonly #versions: LoadedVersion[] = [];
  /** All that are up: the first ones run, the rest are spares. */
  readonly #runners: Runner[] = [];
  readonly #starting = new Set<Runner>();
  readonly #starts = new Set<Promise<void>>();
  #recentEnds: number[] = [];
  #restarts = 0;
  #isClosing = false;
  readonly #backOffs = new Set<NodeJS.Timeout>();

  constructor(options: RunnerPoolOptions) {
    this.#options = options;
  }

  /** Brings all up. Throws where one cannot be. */
  async start(): Promise<void> {
    const { runners, spares } = this.#options;
    try {
      await Promise.all(Array.from({ length: runners + spares }, () => this.#startTracked()));
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  get isUp(): boolean {
    return this.#runners.length > 0;
  }

  get running(): number {
    return Math.min(this.#options.runners, this.#runners.length);
  }

  get restarts(): number {
    return this.#restarts;
  }

  idleRunner(): Runner | undefined {
    for (let i = 0; i < this.running; i++) if (this.#runners[i]?.isIdle) return this.#runners[i];
    return undefined;
  }

  state(): RunnerState[] {
    const up = this.#runners.map(({ process, mode }, i) => ({ pid: process.pid, mode, isSpare: i >= this.running }));
    // One that is warming up has greeted, but gets no batch yet.
    const starting = [...this.#starting].map(({ process }) => ({
      pid: process.pid,
      mode: "STARTING" as const,
      isSpare: true,
    }));
    return [...up, ...starting];
  }

  /**
   * Loads a version everywhere, first where no batch runs: a model that breaks its runner breaks a spare. Throws
   * MODEL_REJECTED; the version then stands nowhere.
   */
  async load(version: LoadedVersion): Promise<void> {
    const first = this.#runners.at(-1);
    if (first === undefined) throw new Error("no runner is up");
    await this.#warm(first, version);
    // From here on every runner that starts loads it too.
    this.#versions.push(version);
    const others = this.#runners.filter((runner) => runner !== first);
    const outcomes = await Promise.allSettled(others.map((runner) => this.#warm(runner, version)));
    const rejection = outcomes.find((outcome) => outcome.status === "rejected" && !isGone(outcome.reason));
    if (rejection?.status !== "rejected") return;
    await this.release(version);
    throw rejection.reason;
  }

  /** Frees the version's sessions everywhere. */
  async release(version: LoadedVersion): Promise<void> {
    const at = this.#versions.indexOf(version);
    if (at >= 0) this.#versions.splice(at, 1);
    await Promise.allSettled(this.#runners.map((runner) => runner.release(version, this.#loadDeadline())));
  }

  /** Ends all. What they were asked before is still done, within the deadline of each. */
  async close(): Promise<void> {
    this.#isClosing = true;
    for (const timer of this.#backOffs) clearTimeout(timer);
    await Promise.all([...this.#runners, ...this.#starting].map((runner) => runner.end(endWithinMs)));
    await Promise.allSettled(this.#starts);
  }

  /** A start that close() waits for, so that none is left behind. */
  async #startTracked(): Promise<void> {
    const start = this.#startOne();
    this.#starts.add(start);
    await start.finally(() => this.#starts.delete(start));
  }

  async #startOne(): Promise<void> {
    const { graceMs, logger, memoryLimitMb, onEvent } = this.#options;
    const startedAt = performance.now();
    const runner = new Runner(await spawnRunner(logger), graceMs);
    this.#starting.add(runner);
    try {
      if (this.#isClosing) throw new Error("the engine is closing");
      await withDeadline(runner, this.#options.loadTimeoutMs);
      const problems = await runner.process.fence(memoryLimitMb);
      for (const reason of problems) onEvent({ kind: "FENCE_INCOMPLETE", reason });
      // More versions may come while these are loaded: the list grows, and the loop goes on.
      for (const version of this.#versions) await this.#warm(runner, version);
    } catch (error) {
      runner.kill(messageOf(error));
      await runner.gone;
      throw error;
    } finally {
      this.#starting.delete(runner);
    }
    this.#runners.push(runner);
    void runner.gone.then((reason) => this.#replace(runner, reason));
    onEvent({ kind: "RUNNER_STARTED", pid: runner.process.pid, startMs: performance.now() - startedAt });
    this.#options.onFree();
  }

  async #warm(runner: Runner, version: LoadedVersion): Promise<void> {
    const { isBatchable } = await warmUp(runner, version, this.#loadDeadline());
    if (isBatchable || version.batching === "SINGLE") return;
    version.batching = "SINGLE";
    version.maxBatchInputs = 1;
    this.#options.onEvent({ kind: "BATCHING_OFF", versionId: version.id });
  }

  #loadDeadline(): number {
    return performance.now() + this.#options.loadTimeoutMs;
  }

  #replace(runner: Runner, reason: string): void {
    this.#runners.splice(this.#runners.indexOf(runner), 1);
    if (this.#isClosing) return;
    this.#options.onEvent({
      kind: "RUNNER_ENDED",
      pid: runner.process.pid,
      reason,
      isServing: this.#runners.length > 0,
    });
    // The spare has moved up.
    this.#options.onFree();
    this.#restart();
  }

  /** Starts one more after a pause that grows with the number of runners that ended in the last minute. */
  #restart(): void {
    const now = performance.now();
    this.#recentEnds = [...this.#recentEnds.filter((at) => now - at < 60_000), now];
    this.#restarts++;
    const pauseMs = pauseBefore(this.#recentEnds.length);
    const timer = setTimeout(() => {
      this.#backOffs.delete(timer);
      this.#startTracked().catch((error: unknown) => {
        if (this.#isClosing) return;
        this.#options.onEvent({ kind: "RUNNER_NOT_STARTED", reason: messageOf(error) });
        this.#restart();
      });
    }, pauseMs);
    this.#backOffs.add(timer);
  }
}

const endWithinMs = 2_000;

/** Nothing before the first restart, then 100 ms, 200, 400 and so on, to 10 s. */
export function pauseBefore(restart: number): number {
  return restart <= 1 ? 0 : Math.min(10_000, 100 * 2 ** (restart - 2));
}

async function withDeadline(runner: Runner, ms: number): Promise<void> {
  const timer = setTimeout(() => runner.kill("it was not up in time"), ms);
  try {
    await runner.started();
  } finally {
    clearTimeout(timer);
  }
}

/** Whether a load failed because its runner ended: it worked elsewhere, and the next runner will load it. */
function isGone(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof RunnerGone;
}
