/** A cached number that is not the one that the events add up to. */
export interface Drift {
  table: "usage_hourly" | "usage_counters" | "rated_cost";
  tenantId: string;
  /** The rest of the cached row's key, for people. */
  row: string;
  cached: bigint;
  recomputed: bigint;
}

/** How the caches stand against the ledger. */
export interface DriftReport {
  /** Usage events compared. */
  events: bigint;
  drift: Drift[];
}
