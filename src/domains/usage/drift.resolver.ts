import { Authorized, Mutation, Query, Resolver } from "type-graphql";
import type { Clock } from "../../core/clock.ts";
import { cacheOfTable, LedgerDriftType } from "./drift.types.ts";
import type { DriftState, DriftWatch } from "./drift-watch.ts";

@Resolver(() => LedgerDriftType)
export class DriftResolver {
  readonly #watch: DriftWatch;
  readonly #clock: Clock;

  constructor(watch: DriftWatch, clock: Clock) {
    this.#watch = watch;
    this.#clock = clock;
  }

  @Authorized("engine:read")
  @Query(() => LedgerDriftType, { description: "How the caches stand against the ledger; for operators." })
  ledgerDrift(): LedgerDriftType {
    return toLedgerDriftType(this.#watch.state());
  }

  @Authorized("engine:read")
  @Mutation(() => LedgerDriftType, {
    description: "Compares the present hours, one earlier day and a few tenants now; for operators.",
  })
  async lookForDrift(): Promise<LedgerDriftType> {
    await this.#watch.look(this.#clock.now());
    return toLedgerDriftType(this.#watch.state());
  }
}

function toLedgerDriftType({ lookedAt, numbers, examples }: DriftState): LedgerDriftType {
  const tables = ["usage_hourly", "usage_counters", "rated_cost"] as const;
  return {
    lookedAt: lookedAt ?? null,
    caches: tables.map((table) => ({ cache: cacheOfTable[table], numbers: numbers.get(table) ?? 0 })),
    examples: examples.map(({ table, tenantId, row, cached, recomputed }) => ({
      cache: cacheOfTable[table],
      tenantId,
      row,
      cached: String(cached),
      recomputed: String(recomputed),
    })),
  };
}
