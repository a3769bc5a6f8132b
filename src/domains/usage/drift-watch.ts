import type { Logger } from "../../platform/logger.ts";
import type { DriftStore } from "./drift.store.ts";
import type { Drift } from "./drift.ts";

interface DriftWatchOptions {
  store: Pick<DriftStore, "findDriftOfHours" | "findDriftOfNextTenant">;
  logger: Logger;
  /** How many cached numbers are known to differ from the ledger. */
  onDrift: (numbers: number) => void;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Days that are looked at again and again. Older ones are compared by `npm run usage:verify`. */
const daysBack = 35;
const tenantsAtOnce = 20;

/**
 * Compares the caches with the ledger while everything runs, a part at a time: the present hours at every look, and in
 * turn one earlier day and the counters of a few tenants. So a look costs the same however much there is, and all of the
 * recent past is seen again and again.
 */
export class DriftWatch {
  readonly #options: DriftWatchOptions;
  /** By part: what its last look found. */
  readonly #found = new Map<string, number>();
  #day = 1;
  #tenantId = "";

  constructor(options: DriftWatchOptions) {
    this.#options = options;
  }

  async look(now: Date): Promise<void> {
    const { store, onDrift } = this.#options;
    const hour = Math.floor(now.getTime() / hourMs) * hourMs;
    const hoursOf = (from: number, to: number) => store.findDriftOfHours(new Date(from), new Date(to));
    this.#note("now", await hoursOf(hour - hourMs, hour + hourMs));
    const today = Math.floor(now.getTime() / dayMs) * dayMs;
    this.#note(`day ${this.#day}`, await hoursOf(today - this.#day * dayMs, today - (this.#day - 1) * dayMs));
    this.#day = (this.#day % daysBack) + 1;
    await this.#lookAtTenants();
    onDrift([...this.#found.values()].reduce((sum, numbers) => sum + numbers, 0));
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
    if (drift.length === 0) {
      this.#found.delete(part);
      return;
    }
    this.#found.set(part, drift.length);
    const [first] = drift;
    this.#options.logger.error({ part, numbers: drift.length, first: first?.row, table: first?.table }, "ledger drift");
  }
}
