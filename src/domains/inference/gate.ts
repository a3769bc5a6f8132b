/** Lets so many in at once; the others wait in the order they came. How many may change from time to time. */
export class Gate {
  readonly #capacity: () => number;
  readonly #waiting: (() => void)[] = [];
  #inside = 0;

  constructor(capacity: () => number) {
    this.#capacity = capacity;
  }

  async within<T>(work: () => Promise<T>): Promise<T> {
    if (this.#inside >= this.#capacity()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#inside++;
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  /** Who waits longest takes the place; where there is room for more by now, others come too. */
  #leave(): void {
    this.#inside--;
    while (this.#inside < this.#capacity()) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#inside++;
      next();
    }
  }
}
