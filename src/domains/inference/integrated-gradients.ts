import type { AttributionMethod } from "./attribution-method.ts";

const largestDifference = 1 / 64;

/**
 * The gradient of the score by the presence of each part, integrated along the straight line from the baseline to the
 * input (Sundararajan, Taly and Yan, 2017), by the midpoint rule. A served graph has no gradients, so they are central
 * differences. By the chain rule a part's value is the sum of the values of its pixels.
 */
export function integratedGradients(parts: number, steps: number): AttributionMethod {
  // Never beyond the ends of the line: what lies there is no input of the model any more.
  const difference = Math.min(largestDifference, 0.5 / steps);
  return {
    evaluations: 2 * parts * steps + 1,
    *presences() {
      yield new Float64Array(parts);
      for (let step = 0; step < steps; step++) {
        const at = (step + 0.5) / steps;
        for (let part = 0; part < parts; part++) {
          yield presenceAt(parts, at, [part, at + difference]);
          yield presenceAt(parts, at, [part, at - difference]);
        }
      }
    },
    attribute(_whole, scores) {
      const values = new Float64Array(parts);
      for (let step = 0; step < steps; step++) {
        for (let part = 0; part < parts; part++) {
          const i = 1 + 2 * (step * parts + part);
          const slope = ((scores[i] ?? 0) - (scores[i + 1] ?? 0)) / (2 * difference);
          values[part] = (values[part] ?? 0) + slope / steps;
        }
      }
      return values;
    },
  };
}

function presenceAt(parts: number, at: number, [part, presence]: [number, number]): Float64Array {
  const all = new Float64Array(parts).fill(at);
  all[part] = presence;
  return all;
}
