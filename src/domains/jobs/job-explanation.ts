import { z } from "zod";
import type { ExplainRequest } from "../inference/explanation.ts";
import { evaluationsAtMost } from "../inference/explanation-bounds.ts";

/** How each answer of a job is explained, as it lies with the job. */
const jobExplanationSchema = z.object({
  method: z.enum(["OCCLUSION", "INTEGRATED_GRADIENTS", "SHAP", "ATTENTION"]),
  samples: z.number().optional(),
  seed: z.number().optional(),
  target: z.string().optional(),
  token: z.number().optional(),
  baseline: z.number().optional(),
  /** Whether results carry a picture of the explanation of a picture: it takes more room than all the rest of a line. */
  heatMap: z.boolean(),
});

export type JobExplanation = z.infer<typeof jobExplanationSchema>;

/** Of the column that holds it. */
export function toExplanation(json: unknown): JobExplanation | undefined {
  return json === null ? undefined : jobExplanationSchema.parse(json);
}

/** What is asked for one item: a request of its own, with one output. */
export function requestForItem({ method, samples, seed, target, token, baseline }: JobExplanation): ExplainRequest {
  return { method, samples, seed, target, token, baseline, outputIndexes: undefined };
}

/** How many inputs an item is charged as at the most: itself, and the changed ones that explain it. */
export function mostInputsOf(explanation: JobExplanation | undefined): number {
  return explanation === undefined ? 1 : 1 + evaluationsAtMost(explanation.method, explanation.samples);
}
