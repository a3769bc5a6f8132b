import { expect, test } from "vitest";
import { bounded } from "../../../src/platform/bounded.ts";

const never = new Promise<never>(() => {});

test("gives what the work gave, or fails as it failed", async () => {
  await expect(bounded(Promise.resolve(7), 1_000)).resolves.toBe(7);
  await expect(bounded(Promise.reject(new Error("broke")), 1_000)).rejects.toThrow("broke");
});

test("work that never ends is given up after the time", async () => {
  await expect(bounded(never, 5)).rejects.toThrow("No answer within 5 ms.");
});

test("work is given up with the signal's reason, also when the signal came first", async () => {
  const life = new AbortController();
  const waiting = bounded(never, 60_000, life.signal);
  life.abort(new Error("the connection ended"));
  await expect(waiting).rejects.toThrow("the connection ended");
  await expect(bounded(never, 60_000, life.signal)).rejects.toThrow("the connection ended");
});
