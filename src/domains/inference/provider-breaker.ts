/**
 * CLOSED   the version runs on CUDA. Left for OPEN when CUDA fails under it.
 * OPEN     it runs on the processor. Left for TRYING once the pause is over and somebody asks for it.
 * TRYING   it still runs on the processor, while CUDA is tried in a process that is thrown away. Left for CLOSED if that
 *          goes well, and for OPEN, with twice the pause, if not.
 */
export type BreakerState = { mode: "CLOSED" } | { mode: "OPEN"; until: number; reason: string } | { mode: "TRYING" };

/** Decides whether a version runs on CUDA. Times are on the clock of performance.now(). */
export class ProviderBreaker {
  #state: BreakerState = { mode: "CLOSED" };
  #pauseMs = firstPauseMs;

  get isClosed(): boolean {
    return this.#state.mode === "CLOSED";
  }

  get state(): BreakerState {
    return this.#state;
  }

  fail(reason: string, now: number): void {
    this.#state = { mode: "OPEN", until: now + this.#pauseMs, reason };
    this.#pauseMs = Math.min(mostPauseMs, this.#pauseMs * 2);
  }

  /** Whether CUDA is to be tried again now; whoever is told so does it, and says what came of it. */
  mayTry(now: number): boolean {
    if (this.#state.mode !== "OPEN" || now < this.#state.until) return false;
    this.#state = { mode: "TRYING" };
    return true;
  }

  succeed(): void {
    this.#state = { mode: "CLOSED" };
    this.#pauseMs = firstPauseMs;
  }
}

const firstPauseMs = 30_000;
const mostPauseMs = 600_000;
