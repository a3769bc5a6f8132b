const rememberedMs = 60_000;

/** Counts what ended in the last minute. */
export class RecentEnds {
  #ends: number[] = [];

  /** Counts one more, and returns how many there are. */
  add(now: number): number {
    this.#ends = [...this.#ends.filter((at) => now - at < rememberedMs), now];
    return this.#ends.length;
  }
}

/** Nothing before the first restart, then 100 ms, 200, 400 and so on, to 10 s. */
export function pauseBefore(restart: number): number {
  return restart <= 1 ? 0 : Math.min(10_000, 100 * 2 ** (restart - 2));
}
