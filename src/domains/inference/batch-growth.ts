/** Why a batch left with as many rows as it did. */
export type BatchLeft =
  /** As many rows as the version takes. */
  | "FULL"
  /** As much cost as the version takes. */
  | "COST"
  /** One more would have broken the deadline of a row that it has. */
  | "DEADLINE"
  /** What nobody waits for is kept short, so that whoever comes meanwhile waits little. */
  | "BACKGROUND"
  /** It took all that waited, or all of that length. */
  | "DRAINED"
  /** Part of a batch that did not come to its end. */
  | "AGAIN";

export interface GrowthLimits {
  maxRows: number;
  /** In units: rows, or padded tokens. */
  maxUnits: number;
  /** How long a batch may run because of rows that no caller waits for. */
  backgroundMs: number;
  predictMs: (units: number) => number;
}

/** Decides how far a batch may grow. Its units are those of its rows padded to the widest. */
export class BatchGrowth {
  readonly #limits: GrowthLimits;
  readonly #now: number;
  #rows = 0;
  #width = 0;
  #mostMs = Number.POSITIVE_INFINITY;

  /** @param now on the clock of the deadlines. */
  constructor(limits: GrowthLimits, now: number) {
    this.#limits = limits;
    this.#now = now;
  }

  get units(): number {
    return this.#rows * this.#width;
  }

  /** What keeps one more row out; undefined where it fits. The first always does. */
  keptOut(row: { units: number; isBackground: boolean }): Exclude<BatchLeft, "DRAINED" | "AGAIN"> | undefined {
    if (this.#rows === 0) return undefined;
    const { maxRows, maxUnits, backgroundMs, predictMs } = this.#limits;
    if (this.#rows >= maxRows) return "FULL";
    const units = (this.#rows + 1) * Math.max(this.#width, row.units);
    if (units > maxUnits) return "COST";
    const ms = predictMs(units);
    if (ms > this.#mostMs) return "DEADLINE";
    return row.isBackground && ms > backgroundMs ? "BACKGROUND" : undefined;
  }

  add(row: { units: number; deadlineAt: number }): void {
    this.#rows++;
    this.#width = Math.max(this.#width, row.units);
    const leftMs = row.deadlineAt - this.#now;
    // A row that could not be answered in time even alone keeps nobody else waiting.
    if (leftMs >= this.#limits.predictMs(row.units)) this.#mostMs = Math.min(this.#mostMs, leftMs);
  }
}
