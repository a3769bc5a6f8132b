import { expect, test } from "vitest";
import { QueueLimits, retryAfterMs } from "../../../src/domains/inference/queue-limits.ts";

const options = {
  maxQueuedInputs: 15,
  maxQueuedInputsPerVersion: 12,
  maxQueuedInputsPerTenant: 10,
  maxBytesInFlight: 1_000,
};

test("each limit is named when it would be broken, and not one row before", () => {
  const limits = new QueueLimits(options);
  limits.add("v1", "a", { rows: 8, bytes: 300 });
  expect(limits.brokenBy("v1", "a", { rows: 2, bytes: 200 })).toBeUndefined();
  expect(limits.brokenBy("v1", "a", { rows: 3, bytes: 0 })).toBe("TENANT");
  expect(limits.brokenBy("v1", "a", { rows: 1, bytes: 201 })).toBe("TENANT_BYTES");
  expect(limits.brokenBy("v1", "b", { rows: 4, bytes: 0 })).toBeUndefined();
  expect(limits.brokenBy("v1", "b", { rows: 5, bytes: 0 })).toBe("VERSION");
  expect(limits.brokenBy("v2", "b", { rows: 7, bytes: 0 })).toBeUndefined();
  expect(limits.brokenBy("v2", "b", { rows: 8, bytes: 0 })).toBe("ALL");
  limits.add("v2", "b", { rows: 1, bytes: 500 });
  expect(limits.brokenBy("v2", "c", { rows: 1, bytes: 201 })).toBe("BYTES");
});

test("what is taken from the queue or answered gives its room back", () => {
  const limits = new QueueLimits(options);
  limits.add("v1", "a", { rows: 10, bytes: 500 });
  limits.remove("v1", "a", { rows: 10, bytes: 0 });
  // Its rows run, and are still held in memory.
  expect(limits.brokenBy("v1", "a", { rows: 10, bytes: 0 })).toBeUndefined();
  expect(limits.brokenBy("v1", "a", { rows: 1, bytes: 1 })).toBe("TENANT_BYTES");
  limits.remove("v1", "a", { rows: 0, bytes: 500 });
  expect(limits.brokenBy("v1", "a", { rows: 10, bytes: 500 })).toBeUndefined();
  expect([limits.queued, limits.bytesInFlight, limits.queuedBy("a")]).toEqual([0, 0, 0]);
});

test("what can never fit is known beforehand", () => {
  const limits = new QueueLimits(options);
  expect([limits.mostAtOnce, limits.mostBytesAtOnce]).toEqual([10, 500]);
});

test("when to come back is the time of what is in the way over the share that serves it, from 5 ms to a minute", () => {
  expect(retryAfterMs({ rows: 100, msPerRow: 2, share: 1 })).toBe(200);
  expect(retryAfterMs({ rows: 100, msPerRow: 2, share: 0.5 })).toBe(400);
  expect(retryAfterMs({ rows: 1, msPerRow: 0.1, share: 4 })).toBe(5);
  expect(retryAfterMs({ rows: 1e6, msPerRow: 100, share: 1 })).toBe(60_000);
});
