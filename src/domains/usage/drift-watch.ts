import type { Logger } from "../../platform/logger.ts";
import type { DriftStore } from "./drift.store.ts";
import type { Drift } from "./drift.ts";

interface DriftWatchOptions {
  store: Pick<DriftStore, "findDriftOfHours" | "findDriftOfNextTenant">;
  logger: Logger;
  /** How many cached numbers are known to differ from the ledger. */
  onDrift: (numbers: number) => void;
}

/** What the looks of this gateway have found until now. */
export interface DriftState {
  /** Undefined: it has not looked yet. */
  lookedAt: Date | undefined;
  /** Cached numbers that are known to differ, in each cache. */
  numbers: ReadonlyMap<Drift["table"], number>;
  /** Some of them. */
  examples: Drift[];
}

/** What a part's last look found, as far as it is worth remembering. */
interface Found {
  numbers: Map<Drift["table"], number>;
  first: Drift;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Days that are looked at again and again. Older ones are compared by `npm run usage:verify`. */
const daysBack = 35;
const tenantsAtOnce = 20;
const mostExamples = 20;

/**
 * Compares the caches with the ledger while everything runs, a part at a time: the present hours at every look, and in
 * turn one earlier day and the counters of a few tenants. So a look costs the same however much there is, and all of the
 * recent past is seen again and again.
 */
export class DriftWatch {
  readonly #options: DriftWatchOptions;
  /** By part: only where its last look found something. */
  readonly #found = new Map<string, Found>();
  #day = 1;
  #tenantId = "";
  #lookedAt: Date | undefined;
  #looking: Promise<void> | undefined;

  constructor(options: DriftWatchOptions) {
    this.#options = options;
  }

  /** Whoever wants a look while there is one shares it. */
  async look(now: Date): Promise<void> {
    this.#looking ??= this.#look(now).finally(() => {
      this.#looking = undefined;
    });
    await this.#looking;
  }

  state(): DriftState {
    const numbers = new Map<Drift["table"], number>();
    for (const found of this.#found.values())
      for (const [table, count] of found.numbers) numbers.set(table, (numbers.get(table) ?? 0) + count);
    const examples = [...this.#found.values()].slice(0, mostExamples).map(({ first }) => first);
    return { lookedAt: this.#lookedAt, numbers, examples };
  }

  async #look(now: Date): Promise<void> {
    const { store, onDrift } = this.#options;
    const hour = Math.floor(now.getTime() / hourMs) * hourMs;
    const hoursOf = (from: number, to: number) => store.findDriftOfHours(new Date(from), new Date(to));
    this.#note("now", await hoursOf(hour - hourMs, hour + hourMs));
    const today = Math.floor(now.getTime() / dayMs) * dayMs;
    this.#note(`day ${this.#day}`, await hoursOf(today - this.#day * dayMs, today - (this.#day - 1) * dayMs));
    this.#day = (this.#day % daysBack) + 1;
    await this.#lookAtTenants();
    this.#lookedAt = now;
    onDrift([...this.state().numbers.values()].reduce((sum, count) => sum + count, 0));
  }

  async #lookAtTenants(): Promise<void> {
    for (let looked = 0; looked < tenantsAtOnce; looked++) {
      const next = await this.#options.store.findDriftOfNextTenant(this.#tenantId);
      this.#tenantId = next?.tenantId ?? "";
      if (next === undefined) return;
      this.#note(next.tenantId, next.drift);
    }
  }

  #note(part: string, drift: Drift[]): void {
    const [first] = drift;
    if (first === undefined) {
      this.#found.delete(part);
      return;
    }
    const numbers = new Map<Drift["table"], number>();
    for (const { table } of drift) numbers.set(table, (numbers.get(table) ?? 0) + 1);
    this.#found.set(part, { numbers, first });
    this.#options.logger.error({ part, numbers: drift.length, first: first.row, table: first.table }, "ledger drift");
  }
}
