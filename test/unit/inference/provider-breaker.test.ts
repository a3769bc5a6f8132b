import { expect, test } from "vitest";
import { ProviderBreaker } from "../../../src/domains/inference/provider-breaker.ts";

test("after a failure the provider is left alone for thirty seconds, then tried by one", () => {
  const breaker = new ProviderBreaker();
  expect([breaker.isClosed, breaker.mayTry(1e9)]).toEqual([true, false]);
  breaker.fail("broken", 1_000);
  expect([breaker.isClosed, breaker.mayTry(30_999)]).toEqual([false, false]);
  expect([breaker.mayTry(31_000), breaker.mayTry(31_000), breaker.isClosed]).toEqual([true, false, false]);
  breaker.succeed();
  expect([breaker.isClosed, breaker.mayTry(1e9)]).toEqual([true, false]);
});

test("each trial that fails doubles the pause, to ten minutes; one that succeeds makes it short again", () => {
  const breaker = new ProviderBreaker();
  const pauses: number[] = [];
  let now = 0;
  for (let failure = 0; failure < 7; failure++) {
    breaker.fail("broken", now);
    const { state } = breaker;
    pauses.push((state.mode === "OPEN" ? state.until : now) - now);
    now += 600_000;
    expect(breaker.mayTry(now)).toBe(true);
  }
  expect(pauses).toEqual([30_000, 60_000, 120_000, 240_000, 480_000, 600_000, 600_000]);
  breaker.succeed();
  breaker.fail("broken", 0);
  expect(breaker.state).toEqual({ mode: "OPEN", until: 30_000, reason: "broken" });
});
