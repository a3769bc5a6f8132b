import type { DriftReport } from "../../domains/usage/drift.ts";

interface Caches {
  findDrift(): Promise<DriftReport>;
  rebuild(): Promise<void>;
}

/** Prints every cached number that is not what the events add up to. Returns the exit code: 1 if there is any. */
export async function verifyUsage(store: Pick<Caches, "findDrift">, print: (line: string) => void): Promise<number> {
  const { events, drift } = await store.findDrift();
  for (const one of drift) {
    print(`${one.table}  ${one.tenantId}  ${one.row}  cached ${one.cached}, events add up to ${one.recomputed}`);
  }
  print(
    drift.length === 0
      ? `No drift: ${events} usage events, and every counter and rollup is what they add up to.`
      : `${drift.length} cached numbers drifted from ${events} usage events. \`npm run usage:rebuild\` makes them again.`,
  );
  return drift.length === 0 ? 0 : 1;
}

/** Makes the counters and rollups again from the events, then proves it. */
export async function rebuildUsage(store: Caches, print: (line: string) => void): Promise<number> {
  await store.rebuild();
  print("Counters and rollups were made again from the usage events.");
  return await verifyUsage(store, print);
}
