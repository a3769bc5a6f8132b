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
  /** Other tenants use the runners too: no batch is long, so that nobody waits long for the one that runs. */
  | "SLICE"
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
  /** How long a batch may run while several tenants use the runners; without end while one does. */
  sliceMs: number;
  predictMs: (units: number) => number;
}

/** Where a batch takes long however few its rows are, it may take this many times what its first row does. */
const leastSlice = 2;

/** Decides how far a batch may grow. Its units are those of its rows padded to the widest. */
export class BatchGrowth {
  readonly #limits: GrowthLimits;
  readonly #now: number;
  #rows = 0;
  #width = 0;
  #mostMs = Number.POSITIVE_INFINITY;
  #sliceMs = 0;
  #backgroundMs = 0;

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
    const { maxRows, maxUnits, predictMs } = this.#limits;
    if (this.#rows >= maxRows) return "FULL";
    const units = (this.#rows + 1) * Math.max(this.#width, row.units);
    if (units > maxUnits) return "COST";
    const ms = predictMs(units);
    if (ms > this.#mostMs) return "DEADLINE";
    if (ms > this.#sliceMs) return "SLICE";
    return row.isBackground && ms > this.#backgroundMs ? "BACKGROUND" : undefined;
  }

  add(row: { units: number; deadlineAt: number }): void {
    const { predictMs, sliceMs, backgroundMs } = this.#limits;
    if (this.#rows++ === 0) {
      const leastMs = leastSlice * predictMs(row.units);
      this.#sliceMs = Math.max(sliceMs, leastMs);
      this.#backgroundMs = Math.max(backgroundMs, leastMs);
    }
    this.#width = Math.max(this.#width, row.units);
    const leftMs = row.deadlineAt - this.#now;
    // A row that could not be answered in time even alone keeps nobody else waiting.
    if (leftMs >= predictMs(row.units)) this.#mostMs = Math.min(this.#mostMs, leftMs);
  }
}
