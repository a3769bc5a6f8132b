import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TollgateError } from "../../../src/core/errors.ts";
import { BoundedWork } from "../../../src/platform/bounded-work.ts";

/** A door and work that ends when the test says so. */
class Rehearsal {
  readonly #door: BoundedWork;
  readonly #ends: (() => void)[] = [];
  readonly #outcomes: Promise<string>[] = [];
  #running = 0;
  mostRunning = 0;

  constructor(bounds: { atOnce: number; maxWaiting: number }) {
    this.#door = new BoundedWork({ ...bounds, what: "passwords are being checked" });
  }

  async take(step: "arrive" | "end"): Promise<void> {
    if (step === "end") this.#ends.shift()?.();
    else
      this.#outcomes.push(
        this.#door
          .run(() => this.#work())
          .then(
            () => "DONE",
            (error: TollgateError) => error.code,
          ),
      );
    // Lets everything run that waits for nothing but its turn.
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Ends all work, and tells what became of each that arrived. */
  async outcomes(): Promise<string[]> {
    for (let i = 0; i < this.#outcomes.length; i++) await this.take("end");
    return await Promise.all(this.#outcomes);
  }

  async #work(): Promise<void> {
    this.mostRunning = Math.max(this.mostRunning, ++this.#running);
    await new Promise<void>((resolve) => this.#ends.push(resolve));
    this.#running--;
  }
}

describe("bounded work", () => {
  test("runs in the order in which it came", async () => {
    const door = new BoundedWork({ atOnce: 1, maxWaiting: 9, what: "passwords are being checked" });
    const order: number[] = [];
    await Promise.all([1, 2, 3, 4].map((n) => door.run(async () => void order.push(n))));
    expect(order).toEqual([1, 2, 3, 4]);
  });

  test("never runs more at once than it may, however arrivals and endings fall together", async () => {
    const bounds = fc.record({ atOnce: fc.integer({ min: 1, max: 3 }), maxWaiting: fc.integer({ min: 0, max: 4 }) });
    const steps = fc.array(fc.constantFrom("arrive" as const, "end" as const), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(bounds, steps, async (bound, happening) => {
        const rehearsal = new Rehearsal(bound);
        for (const step of happening) await rehearsal.take(step);
        const outcomes = await rehearsal.outcomes();
        const done = outcomes.filter((outcome) => outcome === "DONE").length;
        expect(rehearsal.mostRunning).toBeLessThanOrEqual(bound.atOnce);
        expect(done).toBeGreaterThanOrEqual(Math.min(outcomes.length, bound.atOnce + bound.maxWaiting));
        expect(outcomes.filter((outcome) => outcome === "OVERLOADED")).toHaveLength(outcomes.length - done);
      }),
    );
  });
});
