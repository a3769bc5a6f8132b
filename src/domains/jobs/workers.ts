import { setTimeout as pause } from "node:timers/promises";
import { Abandonment } from "../../core/abandonment.ts";
import { messageOf, TollgateError } from "../../core/errors.ts";
import { bounded } from "../../platform/bounded.ts";
import type { Logger } from "../../platform/logger.ts";
import type { Claim, Committed, Outcomes } from "./claim.ts";
import type { SliceRunner } from "./slice-runner.ts";
import type { SlicesStore } from "./slices.store.ts";

interface WorkersOptions {
  slices: Pick<SlicesStore, "claim" | "commit" | "handBack">;
  runner: Pick<SliceRunner, "run">;
  /** The versions that can be run here, each with the milliseconds that an item takes. */
  costs: () => Readonly<Record<string, number>>;
  /** Slices worked on at once: while one is written, the next ones run. */
  concurrency: number;
  logger: Logger;
  onEnded?: (jobId: string, items: number) => void;
  /** How often to look for work that nobody announced. */
  pollMs?: number;
}

/** After what was nobody's fault: long enough not to spin, short enough not to be noticed. */
const backOffMs = 100;
/** How long a stop waits for slices to end, before it hands them back. */
const finishMs = 3_000;

/**
 * The worker role of this process: claims slices in fairness, has them run, and commits them.
 *
 * Owns: what happens to a claim, whatever happens to its work. Does not own: who is next (SQL), what items come to
 * (slice-runner.ts), or what a commit writes (slices.store.ts).
 */
export class Workers {
  readonly #options: Required<WorkersOptions>;
  readonly #inHand = new Map<Claim, Abandonment>();
  readonly #loops: Promise<void>[] = [];
  #idle: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isClosing = false;

  constructor(options: WorkersOptions) {
    this.#options = { onEnded: () => undefined, pollMs: 1_000, ...options };
  }

  /** Slices that are being worked on. */
  get inHand(): number {
    return this.#inHand.size;
  }

  start(): void {
    for (let i = 0; i < this.#options.concurrency; i++) this.#loops.push(this.#loop());
    this.#timer = setInterval(() => this.wake(), this.#options.pollMs);
    this.#timer.unref();
  }

  /** There may be something to claim. One worker looks, and wakes the next if it found something. */
  wake(): void {
    this.#idle.shift()?.();
  }

  /** Lets go of what is being done for a job, so that it stops at once. */
  abandon(jobId: string): void {
    for (const [claim, abandonment] of this.#inHand) if (claim.jobId === jobId) abandonment.abort();
  }

  holds(jobId: string): boolean {
    return [...this.#inHand.keys()].some((claim) => claim.jobId === jobId);
  }

  /** Finishes the slices in hand, or hands them back, and claims no more. */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearInterval(this.#timer);
    for (const wake of this.#idle.splice(0)) wake();
    const finished = Promise.all(this.#loops);
    await bounded(finished, finishMs).catch(() => undefined);
    for (const abandonment of this.#inHand.values()) abandonment.abort();
    await finished;
  }

  async #loop(): Promise<void> {
    while (!this.#isClosing) {
      const claim = await this.#claim();
      if (claim === undefined) {
        if (!this.#isClosing) await new Promise<void>((resolve) => this.#idle.push(resolve));
        continue;
      }
      this.wake();
      await this.#work(claim);
    }
  }

  async #claim(): Promise<Claim | undefined> {
    try {
      return await this.#options.slices.claim(this.#options.costs());
    } catch (error) {
      this.#options.logger.warn({ reason: messageOf(error) }, "no slice could be claimed");
      return undefined;
    }
  }

  async #work(claim: Claim): Promise<void> {
    const abandonment = new Abandonment();
    this.#inHand.set(claim, abandonment);
    try {
      const outcomes = await this.#options.runner.run(claim, abandonment);
      await this.#commit(claim, outcomes);
    } catch (error) {
      await this.#giveBack(claim, { error, isBlameless: abandonment.aborted || isBlameless(error) });
    } finally {
      this.#inHand.delete(claim);
    }
  }

  async #commit(claim: Claim, outcomes: Outcomes): Promise<void> {
    let committed: Committed;
    try {
      committed = await this.#options.slices.commit(claim, outcomes);
    } catch (error) {
      // Whether it was written is not known. If it was, the epoch has gone on, and handing back changes nothing.
      await this.#giveBack(claim, { error, isBlameless: true });
      return;
    }
    if (committed.kind === "COMMITTED") this.#options.onEnded(claim.jobId, committed.ended);
    else await this.#giveBack(claim, { error: new Error("the claim was lost"), isBlameless: true });
  }

  /** Until it is given back or its lease has ended: a database that is away comes back. */
  async #giveBack(
    claim: Claim,
    { error, isBlameless: keeps }: { error: unknown; isBlameless: boolean },
  ): Promise<void> {
    const { jobId, slice } = claim;
    this.#options.logger.debug({ jobId, slice, reason: messageOf(error) }, "slice is handed back");
    for (let attempt = 0; attempt < 20; attempt++) {
      const isBack = await this.#options.slices.handBack(claim, { isBlameless: keeps }).then(
        () => true,
        (failure: unknown) => {
          this.#options.logger.warn({ jobId, slice, reason: messageOf(failure) }, "slice could not be handed back yet");
          return false;
        },
      );
      await pause(isBack && this.#isClosing ? 0 : backOffMs * Math.min(attempt + 1, 10));
      if (isBack || this.#isClosing) return;
    }
  }
}

/** Too much to do, or nothing to do it with: no slice is to blame, and none of it costs an attempt. */
function isBlameless(error: unknown): boolean {
  if (!(error instanceof TollgateError)) return false;
  return error.code === "OVERLOADED" || error.code === "MODEL_NOT_READY" || error.code === "MODEL_WITHHELD";
}
