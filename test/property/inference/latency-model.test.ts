import fc from "fast-check";
import { expect, test } from "vitest";
import { LatencyModel } from "../../../src/domains/inference/latency-model.ts";

const truth = fc.record({
  slope: fc.double({ min: 0.001, max: 5, noNaN: true }),
  constant: fc.double({ min: 0, max: 50, noNaN: true }),
});
const sizes = fc.array(fc.integer({ min: 1, max: 256 }), { minLength: 60, maxLength: 120 });

function learned({ slope, constant }: { slope: number; constant: number }, units: number[]): LatencyModel {
  const model = new LatencyModel();
  for (const n of units) model.observe(n, slope * n + constant);
  return model;
}

test("what a batch takes is learned from those of other sizes", () => {
  fc.assert(
    fc.property(truth, sizes, fc.integer({ min: 1, max: 256 }), (line, units, asked) => {
      fc.pre(new Set(units.slice(-40)).size > 5);
      const expected = line.slope * asked + line.constant;
      expect(Math.abs(learned(line, units).predictMs(asked) - expected)).toBeLessThanOrEqual(0.1 * expected + 1e-6);
    }),
  );
});

test("one batch that took a hundred times as long is not believed; what is so from then on is", () => {
  const units = Array.from({ length: 60 }, (_, i) => 1 + ((i * 37) % 64));
  const model = learned({ slope: 0.5, constant: 2 }, units);
  model.observe(64, 3_400);
  expect(model.predictMs(64)).toBeLessThan(40);
  for (const n of units) model.observe(n, 10 * (0.5 * n + 2));
  for (const n of units) model.observe(n, 10 * (0.5 * n + 2));
  expect(model.predictMs(64)).toBeGreaterThan(280);
  expect(model.predictMs(64)).toBeLessThan(400);
});

test("whatever it is told, a prediction is a number that is not below nought and does not fall with the size", () => {
  const told = fc.array(fc.tuple(fc.integer({ min: 1, max: 10_000 }), fc.double({ min: 0, max: 1e6, noNaN: true })), {
    maxLength: 100,
  });
  fc.assert(
    fc.property(told, fc.integer({ min: 1, max: 10_000 }), (batches, n) => {
      const model = new LatencyModel();
      for (const [units, ms] of batches) model.observe(units, ms);
      expect(model.predictMs(n)).toBeGreaterThanOrEqual(0);
      expect(model.predictMs(n + 1)).toBeGreaterThanOrEqual(model.predictMs(n));
      expect(Number.isFinite(model.msPerUnit)).toBe(true);
    }),
  );
});
