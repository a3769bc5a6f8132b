import { beforeEach, expect, test } from "vitest";
import { Hearing } from "../../../src/platform/hearing.ts";

let monotonicMs: number;
let wallMs: number;
let hearing: Hearing;

beforeEach(() => {
  monotonicMs = 5_000;
  wallMs = Date.UTC(2026, 10, 23);
  hearing = new Hearing({ maxSilenceMs: 600, monotonicMs: () => monotonicMs, wallMs: () => wallMs });
});

function pass(ms: number): void {
  monotonicMs += ms;
  wallMs += ms;
}

test("nothing heard yet is not current, even when the clocks begin at nought", () => {
  expect(hearing.isCurrent()).toBe(false);
  expect(new Hearing({ maxSilenceMs: 600, monotonicMs: () => 0, wallMs: () => 0 }).isCurrent()).toBe(false);
});

test("a beat that came back keeps it current for the time of silence, and not a moment longer", () => {
  hearing.heard(hearing.send());
  pass(600);
  expect(hearing.isCurrent()).toBe(true);
  pass(1);
  expect(hearing.isCurrent()).toBe(false);
});

test("a beat counts from when it was sent: one that was long on its way proves nothing of the time since", () => {
  const beat = hearing.send();
  pass(601);
  hearing.heard(beat);
  expect(hearing.isCurrent()).toBe(false);
});

test("a beat of an earlier connection does not count for the next one", () => {
  const beat = hearing.send();
  hearing.lose();
  hearing.heard(beat);
  expect(hearing.isCurrent()).toBe(false);
});

test("losing the connection ends it at once", () => {
  hearing.heard(hearing.send());
  hearing.lose();
  expect(hearing.isCurrent()).toBe(false);
});

test("a machine that slept, whose monotonic clock stood still meanwhile, wakes up out of date", () => {
  hearing.heard(hearing.send());
  wallMs += 3_600_000;
  expect(hearing.isCurrent()).toBe(false);
});

test("a time of day that was set back does not make it current for longer", () => {
  hearing.heard(hearing.send());
  wallMs -= 3_600_000;
  monotonicMs += 601;
  expect(hearing.isCurrent()).toBe(false);
});
