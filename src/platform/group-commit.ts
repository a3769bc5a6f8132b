import { TollgateError } from "../core/errors.ts";

interface Waiting<Item, Result> {
  item: Item;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
}

interface GroupCommitOptions<Item, Result> {
  /** Commits a group and answers for each of its items, in order. */
  commit: (items: Item[]) => Promise<Result[]>;
  maxGroup: number;
  /** Groups that may be on their way at once: while one waits for the disk, the next one can be worked out. */
  maxInFlight: number;
  maxWaiting: number;
  onGroup?: (size: number, durationMs: number) => void;
}

/**
 * Shares one commit among everybody who waits for one. Nobody is kept waiting to fill a group: what queued while the
 * last commit ran is the next group, so a lone caller pays one commit and a crowd shares it.
 */
export class GroupCommit<Item, Result> {
  readonly #options: GroupCommitOptions<Item, Result>;
  #waiting: Waiting<Item, Result>[] = [];
  #inFlight = 0;
  #flushScheduled = false;
  #recentMs = 2;

  constructor(options: GroupCommitOptions<Item, Result>) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Throws OVERLOADED when too many wait already; rejects with whatever the commit of its group threw. */
  add(item: Item): Promise<Result> {
    if (this.#waiting.length >= this.#options.maxWaiting) {
      const groupsAhead = Math.ceil(this.#waiting.length / this.#options.maxGroup);
      throw new TollgateError("OVERLOADED", `${this.#waiting.length} requests wait to be metered. Try again later.`, {
        retryAfterMs: Math.ceil(groupsAhead * this.#recentMs),
      });
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      this.#schedule();
    });
  }

  // At the end of the tick, so that all requests that were read from sockets together go together.
  #schedule(): void {
    if (this.#flushScheduled || this.#inFlight >= this.#options.maxInFlight) return;
    this.#flushScheduled = true;
    setImmediate(() => {
      this.#flushScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    while (this.#waiting.length > 0 && this.#inFlight < this.#options.maxInFlight) {
      const group = this.#waiting.splice(0, this.#options.maxGroup);
      this.#inFlight += 1;
      void this.#commit(group).finally(() => {
        this.#inFlight -= 1;
        this.#flush();
      });
    }
  }

  async #commit(group: Waiting<Item, Result>[]): Promise<void> {
    const startedAt = performance.now();
    try {
      const results = await this.#options.commit(group.map((waiting) => waiting.item));
      for (const [index, waiting] of group.entries()) waiting.resolve(results[index] as Result);
    } catch (error) {
      for (const waiting of group) waiting.reject(error);
    } finally {
      const durationMs = performance.now() - startedAt;
      this.#recentMs = 0.8 * this.#recentMs + 0.2 * durationMs;
      this.#options.onGroup?.(group.length, durationMs);
    }
  }
}
