import { messageOf } from "../../core/errors.ts";
import type { EngineEvent } from "./engine-events.ts";
import { pauseBefore, RecentEnds } from "./restart-pause.ts";
import type { Runner } from "./runner.ts";
import { groupKey, type RunnerGroup } from "./runner-group.ts";

export interface GuestRunnersOptions {
  maxGuestRunners: number;
  guestIdleMs: number;
  start: (group: RunnerGroup) => Promise<Runner>;
  isWanted: (group: RunnerGroup) => boolean;
  onEvent: (event: EngineEvent) => void;
  onFree: () => void;
}

interface Back {
  ends: RecentEnds;
  /** Not before this, on the clock of performance.now(), after it ended by itself. */
  notBefore: number;
}

/**
 * The runners that are there for one group only as long as it needs them: for a tenant's own models, and for CUDA. There
 * are no more of them than allowed. Where all are taken, one that nobody waits for goes first, the one used longest ago;
 * then one that has been there for its tenure, the oldest: so of many tenants who always want one, each gets its turn.
 */
export class GuestRunners {
  readonly #options: GuestRunnersOptions;
  readonly #runners: Runner[] = [];
  /** Groups that want a runner, in the order they asked. */
  readonly #wanted = new Map<string, RunnerGroup>();
  /** Groups whose runner is being started. */
  readonly #starting = new Set<string>();
  readonly #leaving = new Set<Runner>();
  readonly #backOffs = new Map<string, Back>();
  readonly #sweep: NodeJS.Timeout;
  #alarm: NodeJS.Timeout | undefined;
  #alarmAt = 0;
  #isClosing = false;

  constructor(options: GuestRunnersOptions) {
    this.#options = options;
    this.#sweep = setInterval(() => this.#endIdle(), options.guestIdleMs / 2);
    this.#sweep.unref();
  }

  of(group: RunnerGroup): Runner[] {
    const key = groupKey(group);
    return this.#runners.filter((runner) => groupKey(runner.group) === key && !this.#leaving.has(runner));
  }

  all(): readonly Runner[] {
    return this.#runners;
  }

  want(group: RunnerGroup): void {
    const key = groupKey(group);
    if (this.#isClosing || this.#starting.has(key) || this.of(group).length > 0) return;
    this.#wanted.set(key, group);
    this.#seat();
  }

  /** False where its group has one already, or there is no room. */
  adopt(runner: Runner): boolean {
    const isTaken = this.of(runner.group).length > 0 || this.#starting.has(groupKey(runner.group));
    if (this.#isClosing || isTaken || this.#count >= this.#options.maxGuestRunners || runner.mode !== "READY")
      return false;
    this.#add(runner);
    return true;
  }

  /** Gives nobody a runner any more. Whoever started them ends those that are there. */
  close(): void {
    this.#isClosing = true;
    clearInterval(this.#sweep);
    clearTimeout(this.#alarm);
  }

  get #count(): number {
    return this.#runners.length + this.#starting.size;
  }

  /** Gives those who want one a runner, as far as there is room, and makes room. */
  #seat(): void {
    const now = performance.now();
    for (const [key, group] of this.#wanted) {
      if (!this.#options.isWanted(group)) {
        this.#wanted.delete(key);
        continue;
      }
      const notBefore = this.#backOffs.get(key)?.notBefore ?? 0;
      if (notBefore > now) this.#lookAgain(notBefore - now);
      else if (this.#count < this.#options.maxGuestRunners) this.#start(key, group);
      else if (this.#leaving.size === 0) this.#makeRoom(now);
    }
  }

  #start(key: string, group: RunnerGroup): void {
    this.#wanted.delete(key);
    this.#starting.add(key);
    this.#options
      .start(group)
      .then(
        (runner) => this.#add(runner),
        (error: unknown) => {
          if (this.#isClosing) return;
          this.#options.onEvent({ kind: "RUNNER_NOT_STARTED", reason: messageOf(error) });
          this.#pause(key);
        },
      )
      .finally(() => {
        this.#starting.delete(key);
        this.#options.onFree();
      });
  }

  #add(runner: Runner): void {
    this.#runners.push(runner);
    this.#options.onEvent({
      kind: "RUNNER_STARTED",
      pid: runner.process.pid,
      startMs: performance.now() - runner.bornAt,
    });
    void runner.gone.then((reason) => this.#remove(runner, reason));
  }

  #remove(runner: Runner, reason: string): void {
    this.#runners.splice(this.#runners.indexOf(runner), 1);
    const wasAsked = this.#leaving.delete(runner);
    if (this.#isClosing) return;
    const { pid } = runner.process;
    if (wasAsked) this.#options.onEvent({ kind: "RUNNER_LEFT", pid });
    else {
      this.#options.onEvent({ kind: "RUNNER_ENDED", pid, reason, isServing: this.of(runner.group).length > 0 });
      this.#pause(groupKey(runner.group));
    }
    this.#seat();
    this.#options.onFree();
  }

  #makeRoom(now: number): void {
    const victim = victimAmong(this.#runners, { isWanted: this.#options.isWanted, now });
    if (victim !== undefined) this.#end(victim);
    else this.#lookAgain(tenureMs / 4);
  }

  /** Lets it finish what it is at work on. */
  #end(runner: Runner): void {
    this.#leaving.add(runner);
    void runner.reserved(() => runner.end(endWithinMs));
  }

  #pause(key: string): void {
    const now = performance.now();
    const back = this.#backOffs.get(key) ?? { ends: new RecentEnds(), notBefore: 0 };
    back.notBefore = now + pauseBefore(back.ends.add(now));
    this.#backOffs.set(key, back);
  }

  #lookAgain(inMs: number): void {
    const at = performance.now() + inMs;
    if (this.#alarm !== undefined && this.#alarmAt <= at) return;
    clearTimeout(this.#alarm);
    this.#alarmAt = at;
    this.#alarm = setTimeout(() => {
      this.#alarm = undefined;
      this.#seat();
    }, Math.ceil(inMs));
  }

  #endIdle(): void {
    const before = performance.now() - this.#options.guestIdleMs;
    for (const runner of this.#runners) {
      if (runner.usedAt < before && !runner.isBusy && !this.#leaving.has(runner)) this.#end(runner);
    }
    for (const [key, { notBefore }] of this.#backOffs) if (notBefore < before) this.#backOffs.delete(key);
  }
}

const endWithinMs = 2_000;
/** How long a runner that is needed may stay while another group waits for its place. */
const tenureMs = 1_000;

/** Whose place another group gets; undefined where all are needed and none has been there long enough. */
export function victimAmong<R extends { group: RunnerGroup; usedAt: number; bornAt: number; isBusy: boolean }>(
  runners: readonly R[],
  { isWanted, now }: { isWanted: (group: RunnerGroup) => boolean; now: number },
): R | undefined {
  const unused = runners.filter((runner) => !runner.isBusy && !isWanted(runner.group));
  if (unused.length > 0) return unused.toSorted((a, b) => a.usedAt - b.usedAt)[0];
  return runners.filter(({ bornAt }) => now - bornAt >= tenureMs).toSorted((a, b) => a.bornAt - b.bornAt)[0];
}
