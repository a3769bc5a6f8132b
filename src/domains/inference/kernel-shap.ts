import type { AttributionMethod } from "./attribution-method.ts";
import { solvePositiveDefinite } from "./linear-system.ts";
import { seededChance } from "./seeded-chance.ts";

/**
 * Shapley values by weighted least squares (Lundberg and Lee, 2017, "Kernel SHAP"): the additive model that fits the
 * scores of coalitions of parts best, under the condition that it adds up. Where `samples` allows every coalition, all
 * are asked and the values are exact; otherwise they are drawn by the kernel's own weights, each with its complement.
 */
export function kernelShap(parts: number, samples: number, seed: number): AttributionMethod {
  const coalitions = isEnumerable(parts, samples)
    ? everyCoalition(parts)
    : drawnCoalitions(parts, samples, seededChance(seed));
  return {
    evaluations: coalitions.length + 1,
    *presences() {
      yield new Float64Array(parts);
      for (const { presence } of coalitions) yield presence;
    },
    attribute(whole, scores) {
      const [nothing = 0] = scores;
      if (parts < 2) return new Float64Array(parts).fill(whole - nothing);
      return fitted(
        coalitions,
        scores.subarray(1).map((score) => score - nothing),
        whole - nothing,
      );
    },
  };
}

/** A set of parts that are present while the others are not: neither none of them nor all. */
interface Coalition {
  presence: Float64Array;
  weight: number;
}

function isEnumerable(parts: number, samples: number): boolean {
  return parts < 31 && 2 ** parts - 2 <= samples;
}

function everyCoalition(parts: number): Coalition[] {
  const all: Coalition[] = [];
  for (let set = 1; set < 2 ** parts - 1; set++) {
    const presence = Float64Array.from({ length: parts }, (_, part) => (set >> part) & 1);
    const size = presence.reduce((sum, one) => sum + one, 0);
    all.push({ presence, weight: weightOfSize(parts, size) / binomial(parts, size) });
  }
  return all;
}

/** Those that say most, the smallest and the largest, come most often; so each drawn one counts the same. */
function drawnCoalitions(parts: number, samples: number, chance: () => number): Coalition[] {
  const sizes = Array.from({ length: parts - 1 }, (_, i) => weightOfSize(parts, i + 1));
  const total = sizes.reduce((sum, weight) => sum + weight, 0);
  const drawn: Coalition[] = [];
  while (drawn.length < samples) {
    const presence = drawSet(parts, drawSize(sizes, chance() * total), chance);
    drawn.push({ presence, weight: 1 });
    if (drawn.length < samples) drawn.push({ presence: presence.map((one) => 1 - one), weight: 1 });
  }
  return drawn;
}

/** The kernel's weight of all coalitions of a size together, but for a factor that all sizes share. */
function weightOfSize(parts: number, size: number): number {
  return 1 / (size * (parts - size));
}

function drawSize(weights: readonly number[], at: number): number {
  let left = at;
  for (const [i, weight] of weights.entries()) {
    left -= weight;
    if (left < 0) return i + 1;
  }
  return weights.length;
}

function drawSet(parts: number, size: number, chance: () => number): Float64Array {
  const order = Array.from({ length: parts }, (_, part) => part);
  const presence = new Float64Array(parts);
  for (let i = 0; i < size; i++) {
    const other = i + Math.floor(chance() * (parts - i));
    const [here = 0, there = 0] = [order[i], order[other]];
    order[i] = there;
    order[other] = here;
    presence[there] = 1;
  }
  return presence;
}

/**
 * The least squares under the condition that all values add up to `total`, by a Lagrange multiplier: no part is treated
 * otherwise than the others, as the one would be through which the condition were eliminated.
 */
function fitted(coalitions: readonly Coalition[], gains: Float64Array, total: number): Float64Array {
  const parts = coalitions[0]?.presence.length ?? 0;
  const matrix = new Float64Array(parts * parts);
  const right = new Float64Array(parts);
  for (const [i, { presence, weight }] of coalitions.entries())
    addTo(matrix, right, { presence, weight, gain: gains[i] ?? 0 });
  const free = solvePositiveDefinite(matrix, right);
  const toward = solvePositiveDefinite(matrix, new Float64Array(parts).fill(1));
  const missing = (total - sumOf(free)) / sumOf(toward);
  return free.map((value, part) => value + missing * (toward[part] ?? 0));
}

function addTo(
  matrix: Float64Array,
  right: Float64Array,
  { presence, weight, gain }: Coalition & { gain: number },
): void {
  const parts = right.length;
  for (let row = 0; row < parts; row++) {
    if (presence[row] !== 1) continue;
    right[row] = (right[row] ?? 0) + weight * gain;
    for (let column = 0; column < parts; column++) {
      if (presence[column] === 1) matrix[row * parts + column] = (matrix[row * parts + column] ?? 0) + weight;
    }
  }
}

function sumOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function binomial(n: number, k: number): number {
  let result = 1;
  for (let i = 1; i <= k; i++) result = (result * (n - k + i)) / i;
  return result;
}
