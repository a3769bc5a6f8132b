import type { Clock } from "../../src/core/clock.ts";

/** A clock that stands still until the test moves it. */
export class HeldClock implements Clock {
  #nowMs: number;

  constructor(now = new Date("2026-11-23T12:00:00Z")) {
    this.#nowMs = now.getTime();
  }

  now(): Date {
    return new Date(this.#nowMs);
  }

  advance(ms: number): void {
    this.#nowMs += ms;
  }
}
