interface HearingOptions {
  maxSilenceMs: number;
  /** A clock that never goes back, and runs on while the process is stopped. */
  monotonicMs?: () => number;
  /** The time of day. It also runs on while the whole machine sleeps, which the other one does not. */
  wallMs?: () => number;
}

/**
 * Decides whether everything that was announced until a moment ago has been heard. A beat that comes back proves it for
 * the time when it was sent, not for the time when it arrived: it may have been on its way for long, and what was
 * announced since may still be. The answer is worked out from the time whenever it is asked for, so a process that was
 * stopped and goes on finds itself out of date at once, before any timer of its own has fired.
 */
export class Hearing {
  readonly #maxSilenceMs: number;
  readonly #monotonicMs: () => number;
  readonly #wallMs: () => number;
  #sent = { beat: 0, monotonicMs: 0, wallMs: 0 };
  #upToDateAt: { monotonicMs: number; wallMs: number } | undefined;

  constructor({ maxSilenceMs, monotonicMs = () => performance.now(), wallMs = () => Date.now() }: HearingOptions) {
    this.#maxSilenceMs = maxSilenceMs;
    this.#monotonicMs = monotonicMs;
    this.#wallMs = wallMs;
  }

  /** Notes that a beat is about to be sent, and gives its number. */
  send(): number {
    this.#sent = { beat: this.#sent.beat + 1, monotonicMs: this.#monotonicMs(), wallMs: this.#wallMs() };
    return this.#sent.beat;
  }

  heard(beat: number): void {
    if (beat === this.#sent.beat) this.#upToDateAt = this.#sent;
  }

  /** Nothing counts that was sent before. */
  lose(): void {
    this.send();
    this.#upToDateAt = undefined;
  }

  isCurrent(): boolean {
    const at = this.#upToDateAt;
    return (
      at !== undefined &&
      this.#monotonicMs() - at.monotonicMs <= this.#maxSilenceMs &&
      this.#wallMs() - at.wallMs <= this.#maxSilenceMs
    );
  }
}
