import { expect, test } from "vitest";
import { maxTries, retryDelayMs } from "../../../src/domains/webhooks/retry.ts";

const hourMs = 3_600_000;

test("the waits grow fourfold from five seconds to fourteen hours", () => {
  const waits = Array.from({ length: maxTries - 1 }, (_, i) => retryDelayMs(i + 1, 0.5) / 1_000);
  expect(waits).toEqual([5, 20, 80, 320, 1_280, 5_120, 20_480, 50_400, 50_400, 50_400, 50_400, 50_400]);
});

test("the last try comes between two and a half and four days after the first, whatever chance says", () => {
  for (const chance of [0, 0.5, 1]) {
    const waits = Array.from({ length: maxTries - 1 }, (_, i) => retryDelayMs(i + 1, chance));
    const hours = waits.reduce((sum, wait) => sum + wait, 0) / hourMs;
    expect(hours).toBeGreaterThan(60);
    expect(hours).toBeLessThan(96);
  }
});

test("chance spreads a wait by a fifth both ways", () => {
  expect([0, 0.5, 1].map((chance) => retryDelayMs(1, chance))).toEqual([4_000, 5_000, 6_000]);
});
