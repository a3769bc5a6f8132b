import { expect, test } from "vitest";
import type { Drift } from "../../../src/domains/usage/drift.ts";
import { DriftWatch } from "../../../src/domains/usage/drift-watch.ts";
import { createLogger } from "../../../src/platform/logger.ts";

const now = new Date("2026-03-01T12:00:00Z");
const drifted = (table: Drift["table"], tenantId: string): Drift => ({
  table,
  tenantId,
  row: "r",
  cached: 2n,
  recomputed: 1n,
});

function watchOver(found: Drift[][]) {
  const looks: Date[] = [];
  const watch = new DriftWatch({
    store: {
      findDriftOfHours: (from) => {
        looks.push(from);
        return Promise.resolve(found.shift() ?? []);
      },
      findDriftOfNextTenant: () => Promise.resolve(undefined),
    },
    logger: createLogger("silent"),
    onDrift: () => undefined,
  });
  return { watch, looks };
}

test("whoever wants a look while there is one shares it", async () => {
  const { watch, looks } = watchOver([]);
  await Promise.all([watch.look(now), watch.look(now), watch.look(now)]);
  expect(looks).toHaveLength(2); // the present hours, and one earlier day
  await watch.look(now);
  expect(looks).toHaveLength(4);
});

test("what differs is counted by its cache, with an example of each part, until it is found mended", async () => {
  const present = [drifted("usage_hourly", "a"), drifted("usage_hourly", "b"), drifted("rated_cost", "a")];
  const { watch } = watchOver([present, [drifted("usage_hourly", "c")], []]);
  expect(watch.state()).toEqual({ lookedAt: undefined, numbers: new Map(), examples: [] });
  await watch.look(now);
  const { lookedAt, numbers, examples } = watch.state();
  expect(lookedAt).toEqual(now);
  expect([...numbers]).toEqual([
    ["usage_hourly", 3],
    ["rated_cost", 1],
  ]);
  expect(examples.map(({ tenantId }) => tenantId)).toEqual(["a", "c"]);
  await watch.look(now);
  expect([...watch.state().numbers]).toEqual([["usage_hourly", 1]]);
});
