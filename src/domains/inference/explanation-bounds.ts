import type { ExplainMethod } from "./explanation.ts";

/** Parts that one input is split into at most: each is asked for by itself, or several times. */
export const mostParts: Record<Exclude<ExplainMethod, "ATTENTION">, number> = {
  OCCLUSION: 256,
  INTEGRATED_GRADIENTS: 64,
  SHAP: 64,
};

/** Samples of SHAP are coalitions, of INTEGRATED_GRADIENTS steps; the other methods take none. */
export const sampleBounds: Partial<Record<ExplainMethod, { least: number; most: number; usual: number }>> = {
  INTEGRATED_GRADIENTS: { least: 2, most: 32, usual: 8 },
  SHAP: { least: 16, most: 4_096, usual: 256 },
};

/** Changed inputs that the explanations of one request may ask for: as long as they run, they hold its deadline. */
export const mostEvaluations = 8_192;

/** What one explanation can take at most, known without the input: the door refuses by it. */
export function evaluationsAtMost(method: ExplainMethod, samples: number | undefined): number {
  const wanted = samples ?? sampleBounds[method]?.usual ?? 0;
  switch (method) {
    case "ATTENTION":
      return 0;
    case "OCCLUSION":
      return mostParts.OCCLUSION + 1;
    case "INTEGRATED_GRADIENTS":
      return 2 * mostParts.INTEGRATED_GRADIENTS * wanted + 1;
    case "SHAP":
      return wanted + 1;
  }
}
