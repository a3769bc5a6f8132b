import fc from "fast-check";
import { expect, test } from "vitest";
import { FreshCache } from "../../../src/platform/fresh-cache.ts";
import { HeldNotifications } from "../../support/held-notifications.ts";

const channel = "tollgate_api_keys";
const ids = ["a", "b"] as const;
type Id = (typeof ids)[number];

type Step =
  | { what: "write" | "get"; id: Id }
  /** The oldest change that was not heard yet is heard. */
  | { what: "hear" }
  /** The connection breaks: what was not heard never will be, until a new connection tells of the gap. */
  | { what: "lose" | "reconnect" }
  /** One of the reads on their way comes back, with what the row was when the read began. */
  | { what: "finish"; which: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ what: fc.constantFrom("write" as const, "get" as const), id: fc.constantFrom(...ids) }),
  {
    arbitrary: fc.record({ what: fc.constantFrom("hear" as const, "lose" as const, "reconnect" as const) }),
    weight: 1,
  },
  fc.record({ what: fc.constant("finish" as const), which: fc.nat(3) }),
);

/** A row with a version, what a replica has heard of it, and the reads that are on their way. */
class World {
  readonly notifications = new HeldNotifications();
  readonly #written: Record<Id, number> = { a: 0, b: 0 };
  /** The version that everybody has to know of by now. */
  readonly #heard: Record<Id, number> = { a: 0, b: 0 };
  #unheard: { id: Id; version: number }[] = [];
  readonly #reads: { id: string; version: number; finish: () => void }[] = [];
  readonly #answers: Promise<void>[] = [];
  readonly #tooOld: string[] = [];
  readonly #cache = new FreshCache<{ version: number }>({
    notifications: this.notifications,
    channel,
    maxEntries: 1,
    load: (id) => {
      const version = this.#written[id as Id];
      return new Promise((resolve) => this.#reads.push({ id, version, finish: () => resolve({ version }) }));
    },
  });

  async take(next: Step): Promise<void> {
    if (next.what === "write") this.#write(next.id);
    if (next.what === "get") this.#get(next.id);
    if (next.what === "hear") this.#hear();
    if (next.what === "lose") this.notifications.current = false;
    if (next.what === "reconnect") this.#reconnect();
    if (next.what === "finish") this.#reads.splice(next.which % (this.#reads.length || 1), 1)[0]?.finish();
    await new Promise<void>((resolve) => setImmediate(resolve));
  }

  async end(): Promise<void> {
    while (this.#reads.length > 0) await this.take({ what: "finish", which: 0 });
    await Promise.all(this.#answers);
    expect(this.#tooOld).toEqual([]);
  }

  #write(id: Id): void {
    this.#written[id]++;
    this.#unheard.push({ id, version: this.#written[id] });
  }

  #get(id: Id): void {
    const least = Math.max(this.#heard[id], this.notifications.current ? 0 : this.#readable(id));
    const check = (row: { version: number } | undefined) => {
      if (row === undefined || row.version < least) this.#tooOld.push(`${id}: ${row?.version}, after ${least}`);
    };
    const got = this.#cache.get(id);
    if (got instanceof Promise) this.#answers.push(got.then(check));
    else check(got);
  }

  /** Whoever cannot hear has to read; a read that is on its way, and began a moment ago, may be shared. */
  #readable(id: Id): number {
    const reads = this.#reads.filter((read) => read.id === id);
    return Math.min(this.#written[id], ...reads.map((read) => read.version));
  }

  #hear(): void {
    if (!this.notifications.current) return;
    const change = this.#unheard.shift();
    if (change === undefined) return;
    this.#heard[change.id] = change.version;
    this.notifications.change(channel, change.id);
  }

  #reconnect(): void {
    if (this.notifications.current) return;
    this.#unheard = [];
    Object.assign(this.#heard, this.#written);
    this.notifications.gap();
    this.notifications.current = true;
  }
}

test("whatever the order of writes, reads and changes heard, nothing older is answered than what was heard before", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60, size: "max" }), async (steps) => {
      const world = new World();
      for (const next of steps) await world.take(next);
      await world.end();
    }),
    { numRuns: 3_000 },
  );
});
