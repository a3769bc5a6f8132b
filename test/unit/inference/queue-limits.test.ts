import { expect, test } from "vitest";
import { QueueLimits, retryAfterMs } from "../../../src/domains/inference/queue-limits.ts";

test("rows are counted for their tenant and for all, and both bounds hold", () => {
  const limits = new QueueLimits({ maxQueuedInputsPerTenant: 10, maxQueuedInputs: 15 });
  expect(limits.mostAtOnce).toBe(10);
  limits.add("a", 9);
  expect([limits.brokenBy("a", 1), limits.brokenBy("a", 2)]).toEqual([undefined, "TENANT"]);
  expect([limits.brokenBy("b", 6), limits.brokenBy("b", 7)]).toEqual([undefined, "ALL"]);
  limits.remove("a", 9);
  expect([limits.queuedBy("a"), limits.queued]).toEqual([0, 0]);
  expect(limits.brokenBy("b", 10)).toBeUndefined();
});

test.each([
  [{ rows: 100, msPerRow: 2, share: 1 }, 200],
  [{ rows: 100, msPerRow: 2, share: 0.5 }, 400],
  [{ rows: 100, msPerRow: 2, share: 4 }, 50],
  [{ rows: 1, msPerRow: 0.01, share: 1 }, 5],
  [{ rows: 1_000_000, msPerRow: 10, share: 0.1 }, 60_000],
])("%j waits %d ms", (queue, ms) => {
  expect(retryAfterMs(queue)).toBe(ms);
});
