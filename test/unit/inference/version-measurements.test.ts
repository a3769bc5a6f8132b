import fc from "fast-check";
import { expect, test } from "vitest";
import { DurationHistogram } from "../../../src/domains/inference/duration-histogram.ts";
import { VersionMeasurements } from "../../../src/domains/inference/version-measurements.ts";

const start = Date.UTC(2026, 2, 1, 12, 0, 30);
const at = (seconds: number) => new Date(start + seconds * 1000);
const batch = (versionId: string, rows: number, ms = 1) => ({ versionId, rows, queueMs: ms, runMs: 2 * ms });

test("a quantile of the histogram is within a tenth of the duration that stands there", () => {
  const durations = fc.array(fc.double({ min: 0.02, max: 60_000, noNaN: true }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(durations, fc.constantFrom(0.5, 0.99, 1), (all, share) => {
      const histogram = new DurationHistogram();
      for (const ms of all) histogram.add(ms, 1);
      const exact = all.toSorted((a, b) => a - b)[Math.ceil(share * all.length) - 1] ?? 0;
      expect(histogram.quantile(share) / exact).toBeGreaterThan(0.9);
      expect(histogram.quantile(share) / exact).toBeLessThan(1.1);
    }),
  );
});

test("what is too short to matter, and what lasts longer than any request may, is counted all the same", () => {
  const histogram = new DurationHistogram();
  expect(histogram.quantile(0.5)).toBe(0);
  histogram.add(0, 3);
  expect(histogram.quantile(0.99)).toBe(0);
  histogram.add(1e9, 1);
  expect(histogram.quantile(1)).toBeGreaterThan(100_000);
});

test("each minute has its own figures, inputs counted by their batch, the oldest minute first", () => {
  const measurements = new VersionMeasurements();
  measurements.record(batch("v", 30, 10), at(0));
  measurements.record(batch("v", 2, 1000), at(1));
  measurements.record(batch("v", 1, 10), at(60));
  const [first, second, ...rest] = measurements.of("v", at(61));
  expect(rest).toEqual([]);
  expect(first).toMatchObject({ startsAt: at(-30), inputs: 32, batches: 2, largestBatch: 30 });
  expect(second).toMatchObject({ startsAt: at(30), inputs: 1, batches: 1, largestBatch: 1 });
  expect(Math.round((first?.queueP50Ms ?? 0) / 10)).toBe(1);
  expect(Math.round((first?.queueP99Ms ?? 0) / 1000)).toBe(1);
  expect(Math.round((first?.runP99Ms ?? 0) / 1000)).toBe(2);
  expect(measurements.of("another", at(61))).toEqual([]);
});

test("an hour is remembered, and no more", () => {
  const measurements = new VersionMeasurements();
  for (let minute = 0; minute < 90; minute++) measurements.record(batch("v", 1), at(minute * 60));
  expect(measurements.of("v", at(89 * 60))).toHaveLength(60);
  expect(measurements.of("v", at(89 * 60))[0]?.startsAt).toEqual(at(30 * 60 - 30));
  // Nobody asked it since.
  expect(measurements.of("v", at(100 * 60))).toHaveLength(49);
  expect(measurements.of("v", at(200 * 60))).toEqual([]);
});

test("of very many versions, the one that was asked longest ago is forgotten", () => {
  const measurements = new VersionMeasurements();
  for (let i = 0; i < 256; i++) measurements.record(batch(`v${i}`, 1), at(0));
  measurements.record(batch("v0", 1), at(60));
  measurements.record(batch("one more", 1), at(60));
  expect(measurements.of("v0", at(60))).toHaveLength(2);
  expect(measurements.of("v1", at(60))).toEqual([]);
  expect(measurements.of("v2", at(60))).toHaveLength(1);
});

test("the rate is that of the present minute and the one before", () => {
  const measurements = new VersionMeasurements();
  measurements.record(batch("v", 500), at(-120));
  measurements.record(batch("v", 60), at(-60));
  measurements.record(batch("v", 30), at(0));
  expect(measurements.inputsPerSecond("v", at(0))).toBe(1);
  expect(measurements.inputsPerSecond("v", at(600))).toBe(0);
});
