/**
 * A stream with room for one value: what is pushed before the reader has taken the last one is merged with it. So a reader
 * who is slow, or whose connection is, gets fewer values and misses nothing; and nothing piles up.
 *
 * It is for one reader, as a GraphQL subscription is.
 */
export class CoalescingStream<T> implements AsyncIterableIterator<T, undefined> {
  readonly #merge: (waiting: T, next: T) => T;
  readonly #onEnd: () => void;
  #waiting: { value: T } | undefined;
  #reader: ((result: IteratorResult<T, undefined>) => void) | undefined;
  #hasEnded = false;

  /**
   * @param merge makes one value of two; `(_, next) => next` keeps the latest.
   * @param onEnd is called once, when either side has ended it.
   */
  constructor(merge: (waiting: T, next: T) => T, onEnd: () => void = () => {}) {
    this.#merge = merge;
    this.#onEnd = onEnd;
  }

  push(value: T): void {
    if (this.#hasEnded) return;
    const reader = this.#reader;
    if (reader === undefined) {
      this.#waiting = { value: this.#waiting === undefined ? value : this.#merge(this.#waiting.value, value) };
      return;
    }
    this.#reader = undefined;
    reader({ done: false, value });
  }

  /** The reader still gets what is waiting. */
  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#reader?.({ done: true, value: undefined });
    this.#reader = undefined;
    this.#onEnd();
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) return Promise.resolve({ done: false, value: waiting.value });
    if (this.#hasEnded) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => {
      this.#reader = resolve;
    });
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#waiting = undefined;
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
