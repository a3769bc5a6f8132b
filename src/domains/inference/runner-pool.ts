import { messageOf } from "../../core/errors.ts";
import type { Logger } from "../../platform/logger.ts";
import type { EngineEvent } from "./engine-events.ts";
import { GuestRunners } from "./guest-runners.ts";
import type { Provider } from "./provider.ts";
import { pauseBefore, RecentEnds } from "./restart-pause.ts";
import { Runner, type RunnerMode } from "./runner.ts";
import { isPlatform, platformGroup, type RunnerGroup } from "./runner-group.ts";
import { type RunnerProgram, spawnRunner } from "./runner-process.ts";

export interface RunnerPoolOptions {
  /** How many of the platform's run batches at once, and how many stand by. */
  runners: number;
  spares: number;
  /** How many there may be at once for tenants' own models and for CUDA. */
  maxGuestRunners: number;
  /** After how long without a batch such a one is ended. */
  guestIdleMs: number;
  memoryLimitMb: number;
  graceMs: number;
  loadTimeoutMs: number;
  runnerProgram?: RunnerProgram;
  logger: Logger;
  onEvent: (event: EngineEvent) => void;
  /** Called when a runner can take a batch that could not before. */
  onFree: () => void;
  /** Called with a new runner of the platform before it gets batches. */
  prepare: (runner: Runner) => Promise<void>;
  /** Whether anybody waits for a runner of this group. */
  isWanted: (group: RunnerGroup) => boolean;
}

export interface RunnerState {
  pid: number;
  mode: RunnerMode;
  isSpare: boolean;
  ownerTenantId: string | undefined;
  provider: Provider;
  /** The versions that it holds. */
  versionIds: string[];
  sessionMb: number;
  residentMb: number | undefined;
}

/**
 * The processes. Those of the platform are always there: when one ends another has its place at once, and a new one is
 * started. Those for a tenant's own models and for CUDA come when they are needed and go when they are not.
 */
export class RunnerPool {
  readonly #options: RunnerPoolOptions;
  /** The platform's that are up. */
  readonly #runners: Runner[] = [];
  readonly #guests: GuestRunners;
  readonly #starting = new Set<Runner>();
  /** Every process that was started and has not ended, whoever has it. */
  readonly #alive = new Set<Runner>();
  readonly #starts = new Set<Promise<Runner>>();
  readonly #recentEnds = new RecentEnds();
  #restarts = 0;
  #isClosing = false;
  readonly #backOffs = new Set<NodeJS.Timeout>();

  constructor(options: RunnerPoolOptions) {
    this.#options = options;
    this.#guests = new GuestRunners({ ...options, start: (group) => this.startApart(group) });
  }

  /** Brings the platform's up. Throws where one cannot be. */
  async start(): Promise<void> {
    const { runners, spares } = this.#options;
    try {
      await Promise.all(Array.from({ length: runners + spares }, () => this.#startOfPlatform()));
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  get isUp(): boolean {
    return this.#runners.length > 0;
  }

  /** How many of the platform's can run at once now. */
  get running(): number {
    return Math.min(this.#options.runners, this.#runners.length);
  }

  /** How many can be kept from batches for a while, and as many still run as should. */
  get toSpare(): number {
    return Math.max(0, this.#runners.length - this.#options.runners);
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** The runners of a group that are up, the spares last. */
  of(group: RunnerGroup): readonly Runner[] {
    return isPlatform(group) ? this.#runners : this.#guests.of(group);
  }

  /** All that are up. */
  all(): Runner[] {
    return [...this.#runners, ...this.#guests.all()];
  }

  /** Sees to it that the group gets a runner: those of the platform are on their way anyway. */
  want(group: RunnerGroup): void {
    if (!isPlatform(group)) this.#guests.want(group);
  }

  /** Gives a runner that was started apart its place in its group, where there is room for it; it is ended otherwise. */
  async adopt(runner: Runner): Promise<void> {
    if (this.#guests.adopt(runner)) this.#options.onFree();
    else await runner.end(endWithinMs);
  }

  /** A runner of its own, fenced, that gets no batches. Whoever asked for it ends it, or has it adopted. */
  async startApart(group: RunnerGroup): Promise<Runner> {
    const start = this.#startOne(group);
    this.#starts.add(start);
    try {
      return await start;
    } finally {
      this.#starts.delete(start);
    }
  }

  state(): RunnerState[] {
    const running = this.running;
    const up = this.#runners.map((runner, i) => stateOf(runner, { isSpare: i >= running }));
    const guests = this.#guests.all().map((runner) => stateOf(runner, { isSpare: false }));
    // One that is warming up has greeted, but gets no batch yet.
    const starting = [...this.#starting].map((runner) => ({
      ...stateOf(runner, { isSpare: isPlatform(runner.group) }),
      mode: "STARTING" as const,
    }));
    return [...up, ...guests, ...starting];
  }

  /** Ends all. What they were asked before is still done, within the deadline of each. */
  async close(): Promise<void> {
    this.#isClosing = true;
    for (const timer of this.#backOffs) clearTimeout(timer);
    this.#guests.close();
    await Promise.all([...this.#alive].map((runner) => runner.end(endWithinMs)));
    await Promise.allSettled(this.#starts);
    await Promise.all([...this.#alive].map((runner) => runner.end(endWithinMs)));
  }

  async #startOfPlatform(): Promise<void> {
    const startedAt = performance.now();
    const runner = await this.startApart(platformGroup);
    this.#starting.add(runner);
    try {
      await this.#options.prepare(runner);
      if (this.#isClosing || runner.mode !== "READY") throw new Error("it ended while it was prepared");
    } catch (error) {
      runner.kill(messageOf(error));
      await runner.gone;
      throw error;
    } finally {
      this.#starting.delete(runner);
    }
    this.#runners.push(runner);
    void runner.gone.then((reason) => this.#replace(runner, reason));
    this.#options.onEvent({
      kind: "RUNNER_STARTED",
      pid: runner.process.pid,
      startMs: performance.now() - startedAt,
    });
    this.#options.onFree();
  }

  async #startOne(group: RunnerGroup): Promise<Runner> {
    const { graceMs, logger, memoryLimitMb, onEvent, loadTimeoutMs, runnerProgram } = this.#options;
    const { provider } = group;
    const program = runnerProgram === undefined ? {} : { program: runnerProgram };
    const runner = new Runner(await spawnRunner(logger, { provider, ...program }), { group, graceMs });
    this.#alive.add(runner);
    void runner.gone.then(() => this.#alive.delete(runner));
    this.#starting.add(runner);
    try {
      if (this.#isClosing) throw new Error("the engine is closing");
      await withDeadline(runner, loadTimeoutMs);
      const problems = await runner.process.fence(provider === "CUDA" ? undefined : memoryLimitMb);
      for (const reason of problems) onEvent({ kind: "FENCE_INCOMPLETE", reason });
      return runner;
    } catch (error) {
      runner.kill(messageOf(error));
      await runner.gone;
      throw error;
    } finally {
      this.#starting.delete(runner);
    }
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
    this.#restarts++;
    const pauseMs = pauseBefore(this.#recentEnds.add(performance.now()));
    const timer = setTimeout(() => {
      this.#backOffs.delete(timer);
      this.#startOfPlatform().catch((error: unknown) => {
        if (this.#isClosing) return;
        this.#options.onEvent({ kind: "RUNNER_NOT_STARTED", reason: messageOf(error) });
        this.#restart();
      });
    }, pauseMs);
    this.#backOffs.add(timer);
  }
}

const endWithinMs = 2_000;
const megabyte = 1024 * 1024;

function stateOf({ process, mode, group, shelf }: Runner, { isSpare }: { isSpare: boolean }): RunnerState {
  const residentBytes = process.residentBytes();
  return {
    pid: process.pid,
    mode,
    isSpare,
    ownerTenantId: group.ownerTenantId,
    provider: group.provider,
    versionIds: shelf.versions.map(({ id }) => id),
    sessionMb: shelf.bytes / megabyte,
    residentMb: residentBytes === undefined ? undefined : residentBytes / megabyte,
  };
}

async function withDeadline(runner: Runner, ms: number): Promise<void> {
  const timer = setTimeout(() => runner.kill("it was not up in time"), ms);
  try {
    await runner.started();
  } finally {
    clearTimeout(timer);
  }
}
