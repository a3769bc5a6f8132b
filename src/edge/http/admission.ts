import { TollgateError } from "../../core/errors.ts";

/** Bounds how many requests are worked on at once. One more is refused at once, with a retry-after worked out. */
export class Admission {
  readonly #limit: number;
  #inFlight = 0;
  #recentMs = 10;

  constructor(limit: number) {
    this.#limit = limit;
  }

  async admit<T>(work: () => T | Promise<T>): Promise<T> {
    if (this.#inFlight >= this.#limit) {
      throw new TollgateError("OVERLOADED", `${this.#inFlight} requests are in progress. Try again later.`, {
        // By then the ones in progress have, on the average, gone.
        retryAfterMs: Math.ceil(Math.max(this.#recentMs, 10)),
      });
    }
    this.#inFlight += 1;
    const startedAt = performance.now();
    try {
      return await work();
    } finally {
      this.#inFlight -= 1;
      this.#recentMs = 0.99 * this.#recentMs + 0.01 * (performance.now() - startedAt);
    }
  }
}
