import type { AttributionMethod } from "./attribution-method.ts";

/** A part is worth what the score loses without it. Quick and plain, but parts that stand in for each other get nothing. */
export function occlusion(parts: number): AttributionMethod {
  return {
    evaluations: parts + 1,
    *presences() {
      yield new Float64Array(parts);
      for (let part = 0; part < parts; part++) {
        const presence = new Float64Array(parts).fill(1);
        presence[part] = 0;
        yield presence;
      }
    },
    attribute(whole, scores) {
      return Float64Array.from({ length: parts }, (_, part) => whole - (scores[part + 1] ?? 0));
    },
  };
}
