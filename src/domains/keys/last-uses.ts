import type { Logger } from "../../platform/logger.ts";

interface LastUsesOptions {
  /** Writes when each key was last used, in milliseconds since 1970. */
  record: (lastUsedMs: ReadonlyMap<string, number>) => Promise<void>;
  logger: Logger;
  flushEveryMs?: number;
}

// More keys than this in one flush are not noted; they are when they are used again.
const maxPending = 20_000;

/**
 * When keys were last used, gathered in memory and written now and then: a use costs no write of its own, and a crash
 * loses a few seconds of a date that is only there to find keys nobody needs.
 */
export class LastUses {
  readonly #record: LastUsesOptions["record"];
  readonly #logger: Logger;
  readonly #flushEveryMs: number;
  #pending = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> = Promise.resolve();
  #lastFlushFailed = false;

  constructor({ record, logger, flushEveryMs = 10_000 }: LastUsesOptions) {
    this.#record = record;
    this.#logger = logger;
    this.#flushEveryMs = flushEveryMs;
  }

  note(apiKeyId: string, usedAtMs: number): void {
    if (this.#pending.size >= maxPending && !this.#pending.has(apiKeyId)) return;
    this.#pending.set(apiKeyId, usedAtMs);
    if (this.#timer === undefined) this.#startTimer();
  }

  /** Writes what has gathered. What could not be written is kept for the next time; it never rejects. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#flushing = this.#flushing.then(() => this.#write());
    await this.#flushing;
  }

  /** Call it after the last request. */
  async close(): Promise<void> {
    await this.flush();
    clearTimeout(this.#timer);
  }

  // Only while there is something to write, so that an idle gateway asks nothing of the database.
  #startTimer(): void {
    this.#timer = setTimeout(() => {
      this.flush().catch((error) => this.#logger.error({ err: error }, "flushing the last uses of API keys broke"));
    }, this.#flushEveryMs).unref();
  }

  async #write(): Promise<void> {
    const taken = this.#pending;
    if (taken.size === 0) return;
    this.#pending = new Map();
    try {
      await this.#record(taken);
      this.#lastFlushFailed = false;
    } catch (error) {
      if (!this.#lastFlushFailed) this.#logger.warn({ err: error }, "could not note when API keys were last used");
      this.#lastFlushFailed = true;
      for (const [id, usedAtMs] of taken) if (!this.#pending.has(id)) this.note(id, usedAtMs);
    }
  }
}
