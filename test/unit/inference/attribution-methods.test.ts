import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AttributionMethod } from "../../../src/domains/inference/attribution-method.ts";
import { integratedGradients } from "../../../src/domains/inference/integrated-gradients.ts";
import { kernelShap } from "../../../src/domains/inference/kernel-shap.ts";
import { occlusion } from "../../../src/domains/inference/occlusion.ts";

type Game = (presence: Float64Array) => number;

function attribute(method: AttributionMethod, game: Game, parts: number): Float64Array {
  const presences = [...method.presences()];
  expect(presences).toHaveLength(method.evaluations);
  expect(presences[0]).toEqual(new Float64Array(parts));
  return method.attribute(game(new Float64Array(parts).fill(1)), Float64Array.from(presences, game));
}

/** Shapley's own definition: the mean of what a part brings, over all orders in which parts can come. */
function shapley(game: Game, parts: number): number[] {
  const values = Array.from({ length: parts }, () => 0);
  const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
  for (let set = 0; set < 2 ** parts; set++) {
    const presence = Float64Array.from({ length: parts }, (_, part) => (set >> part) & 1);
    const size = presence.reduce((sum, one) => sum + one, 0);
    for (let part = 0; part < parts; part++) {
      if (presence[part] === 1) continue;
      const weight = (factorial(size) * factorial(parts - size - 1)) / factorial(parts);
      const joined = presence.slice();
      joined[part] = 1;
      values[part] = (values[part] ?? 0) + weight * (game(joined) - game(presence));
    }
  }
  return values;
}

function closeTo(actual: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number): void {
  expect(actual.length).toBe(wanted.length);
  for (let i = 0; i < wanted.length; i++) {
    expect(Math.abs((actual[i] ?? Number.NaN) - (wanted[i] ?? 0)), `part ${i}`).toBeLessThanOrEqual(tolerance);
  }
}

const methodsOf = (parts: number): [string, AttributionMethod][] => [
  ["occlusion", occlusion(parts)],
  ["integrated gradients", integratedGradients(parts, 8)],
  ["SHAP of every coalition", kernelShap(parts, 2 ** parts, 0)],
  ["SHAP of drawn coalitions", kernelShap(parts, 48, 7)],
];
const weights = fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 6, maxLength: 6 });
const six = methodsOf(6);

describe("of a score that adds up its parts, each part has exactly what it adds, by", () => {
  test.each(six)("%s", (_name, method) => {
    fc.assert(
      fc.property(weights, (added) => {
        const game: Game = (presence) => 3 + presence.reduce((sum, one, i) => sum + one * (added[i] ?? 0), 0);
        closeTo(attribute(method, game, 6), added, 1e-6);
      }),
    );
  });
});

describe("a part that the score ignores has nothing, by", () => {
  test.each(six.filter(([name]) => name !== "SHAP of drawn coalitions"))("%s", (_name, method) => {
    const game: Game = ([a = 0, b = 0, c = 0]) => Math.tanh(2 * a * b - c) + a;
    closeTo(attribute(method, game, 6).subarray(3), [0, 0, 0], 1e-9);
  });
});

describe("parts that the score treats alike have the same, by", () => {
  test.each(six.filter(([name]) => name !== "SHAP of drawn coalitions"))("%s", (_name, method) => {
    const game: Game = ([a = 0, b = 0, c = 0, d = 0]) => Math.tanh(3 * a * b) + a + b + c * d * d;
    const [first = 0, second = 1] = attribute(method, game, 6);
    expect(Math.abs(first - second)).toBeLessThanOrEqual(1e-9);
  });
});

test("SHAP of every coalition gives Shapley's values for any game of up to ten parts", () => {
  const games = fc.integer({ min: 1, max: 10 }).chain((parts) => {
    const worth = fc.double({ min: -5, max: 5, noNaN: true });
    return fc.tuple(fc.constant(parts), fc.array(worth, { minLength: 2 ** parts, maxLength: 2 ** parts }));
  });
  fc.assert(
    fc.property(games, ([parts, worths]) => {
      const game: Game = (presence) => worths[presence.reduce((set, one, i) => set + one * 2 ** i, 0)] ?? 0;
      closeTo(attribute(kernelShap(parts, 2 ** parts, 0), game, parts), shapley(game, parts), 1e-6);
    }),
    { numRuns: 40 },
  );
});

test("SHAP of drawn coalitions comes near Shapley's values, and nearer with more of them", () => {
  const game: Game = (presence) => {
    let score = 0;
    for (let i = 0; i + 1 < presence.length; i++) score += (presence[i] ?? 0) * (presence[i + 1] ?? 0) * (i + 1);
    return score;
  };
  const exact = shapley(game, 10);
  const errorWith = (samples: number) => {
    const values = attribute(kernelShap(10, samples, 3), game, 10);
    return Math.max(...values.map((value, i) => Math.abs(value - (exact[i] ?? 0))));
  };
  expect(errorWith(64)).toBeLessThan(2);
  expect(errorWith(900)).toBeLessThan(errorWith(64));
  expect(errorWith(900)).toBeLessThan(0.3);
});

test("integrated gradients and SHAP add up to the whole difference; occlusion need not", () => {
  const game: Game = ([a = 0, b = 0, c = 0]) => 1 / (1 + Math.exp(-(4 * a * b + 2 * c - 1)));
  const difference = game(Float64Array.of(1, 1, 1)) - game(Float64Array.of(0, 0, 0));
  const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
  expect(sum(attribute(integratedGradients(3, 32), game, 3))).toBeCloseTo(difference, 3);
  expect(sum(attribute(kernelShap(3, 16, 0), game, 3))).toBeCloseTo(difference, 9);
  expect(Math.abs(sum(attribute(occlusion(3), game, 3)) - difference)).toBeGreaterThan(0.05);
});

test("SHAP adds up whatever was drawn", () => {
  const games = fc.record({
    seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    samples: fc.integer({ min: 16, max: 60 }),
  });
  fc.assert(
    fc.property(games, ({ seed, samples }) => {
      const game: Game = (presence) => presence.reduce((product, one, i) => product * (1 + one / (i + 1)), 1);
      const values = attribute(kernelShap(8, samples, seed), game, 8);
      const difference = game(new Float64Array(8).fill(1)) - game(new Float64Array(8));
      expect(values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(difference, 6);
    }),
  );
});

test("the same seed asks the same coalitions, another one others", () => {
  const asked = (seed: number) => JSON.stringify([...kernelShap(30, 64, seed).presences()].map((one) => [...one]));
  expect(asked(5)).toBe(asked(5));
  expect(asked(5)).not.toBe(asked(6));
});

test("integrated gradients never leave the line between baseline and input", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 2, max: 32 }), (parts, steps) => {
      for (const presence of integratedGradients(parts, steps).presences()) {
        expect(presence.every((one) => one >= 0 && one <= 1)).toBe(true);
      }
    }),
  );
});
