import type { PeriodFacts } from "./draft.ts";

/** What the events of a period that are not late add up to, by price group. */
export type EventSums = ReadonlyMap<string, { quantity: bigint; amountMicros: bigint }>;

interface GroupKey {
  planVersionId: string;
  meter: string;
  priceModelId: string;
}

/** Names a price group within a tenant's period. */
export function groupKey({ planVersionId, meter, priceModelId }: GroupKey): string {
  return [planVersionId, meter, priceModelId].join(" ");
}

/** The price groups of which the rollup says something else than the events, each with both numbers. */
export function differences(events: EventSums, { groups }: Pick<PeriodFacts, "groups">): string[] {
  const rolledUp = new Map(groups.map((group) => [groupKey(group), group]));
  return [...new Set([...events.keys(), ...rolledUp.keys()])].sort().flatMap((key) => {
    const [event, rollup] = [events.get(key), rolledUp.get(key)];
    return [
      ...differing(`${key} quantity`, event?.quantity, rollup?.quantity),
      ...differing(`${key} amount`, event?.amountMicros, rollup?.amountMicros),
    ];
  });
}

function differing(what: string, events: bigint = 0n, rollup: bigint = 0n): string[] {
  return events === rollup ? [] : [`${what}: events ${events}, rollup ${rollup}`];
}
