/**
 * What is under way and may hold a version that it looked up. Whoever takes a version away first makes it unfindable,
 * and then waits here until everybody who was inside by then has left: none of them can be surprised (law 9).
 */
export class InFlight {
  readonly #inside = new Set<Promise<void>>();

  async during<T>(work: () => Promise<T>): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#inside.add(promise);
    try {
      return await work();
    } finally {
      this.#inside.delete(promise);
      resolve();
    }
  }

  /** Resolves when all that is inside now has left; who comes later is not waited for. */
  async quiet(): Promise<void> {
    await Promise.all(this.#inside);
  }
}
