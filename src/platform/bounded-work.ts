import { performance } from "node:perf_hooks";
import { TollgateError } from "../core/errors.ts";

/**
 * A door for costly work: so many pieces at once, so many more in line, and the rest are turned away at once with
 * OVERLOADED and the time that the line would take.
 */
export class BoundedWork {
  readonly #atOnce: number;
  readonly #maxWaiting: number;
  readonly #what: string;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #typicalMs = 50;

  /** @param what what there is too much of, as in "passwords are being checked". */
  constructor({ atOnce, maxWaiting, what }: { atOnce: number; maxWaiting: number; what: string }) {
    this.#atOnce = atOnce;
    this.#maxWaiting = maxWaiting;
    this.#what = what;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.#enter();
    const startedAt = performance.now();
    try {
      return await work();
    } finally {
      this.#typicalMs += (performance.now() - startedAt - this.#typicalMs) / 8;
      this.#leave();
    }
  }

  async #enter(): Promise<void> {
    if (this.#running < this.#atOnce) {
      this.#running++;
      return;
    }
    if (this.#waiting.length >= this.#maxWaiting) throw this.#overloaded();
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** The place goes straight to the next in line, so that nobody who comes now can slip in before. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running--;
    else next();
  }

  #overloaded(): TollgateError {
    const retryAfterMs = Math.ceil(((this.#waiting.length + this.#running) / this.#atOnce) * this.#typicalMs);
    return new TollgateError("OVERLOADED", `Too many ${this.#what} at the moment. Try again in ${retryAfterMs} ms.`, {
      retryAfterMs,
    });
  }
}
