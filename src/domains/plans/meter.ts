/** What is counted, in the order in which the charge counts it. */
export const meters = ["inputs", "tokens", "explanations", "compute_ms"] as const;
export type Meter = (typeof meters)[number];

export function isMeter(text: string): text is Meter {
  return meters.some((meter) => meter === text);
}

/** How many of a meter's smallest units, in which the ledger counts, make the one that is shown and priced. */
export function scaleOf(meter: string): number {
  return meter === "compute_ms" ? 1000 : 1;
}

/** A quantity of the ledger as people read it: compute in milliseconds, everything else as it is. */
export function shownQuantity(meter: string, quantity: bigint): number {
  return Number(quantity) / scaleOf(meter);
}
