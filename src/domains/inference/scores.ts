import { TollgateError } from "../../core/errors.ts";
import type { Manifest } from "../models/manifest.ts";
import type { InferenceOutput, LabelScore } from "./inference.ts";
import type { PreparedInput } from "./prepare.ts";
import type { TensorData } from "./tensor.ts";

/**
 * The answers for a request's rows. `outputs` holds, for each row, the numbers of every output of the signature.
 * Throws MODEL_FAILED where the model answered something that is not a number, which no caller could read as JSON.
 */
export function outputsOf(
  manifest: Manifest,
  prepared: readonly PreparedInput[],
  outputs: readonly (readonly TensorData[])[],
  topK: number,
): InferenceOutput[] {
  const place = manifest.signature.outputs.findIndex((output) => output.name === manifest.output.tensor);
  return outputs.map((row, index) => {
    const raw = row[place] ?? new Float32Array();
    const numbers = raw instanceof BigInt64Array ? Float64Array.from(raw, Number) : raw;
    if (!numbers.every(Number.isFinite)) {
      throw new TollgateError(
        "MODEL_FAILED",
        `${manifest.name} gave no number for inputs[${index}]; nothing was charged.`,
      );
    }
    const scores = bestLabels(
      manifest.output.semantics === "LOGITS" ? softmax(numbers) : numbers,
      manifest.labels,
      topK,
    );
    const [best] = scores;
    return {
      index,
      label: best?.label ?? "",
      score: best?.score ?? 0,
      scores,
      truncated: prepared[index]?.truncated ?? false,
    };
  });
}

/** Probabilities of logits. The largest is taken off first: exp() of a large logit would overflow. */
export function softmax(logits: ArrayLike<number>): Float32Array {
  const scores = new Float32Array(logits.length);
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < logits.length; i++) largest = Math.max(largest, logits[i] ?? largest);
  let sum = 0;
  for (let i = 0; i < logits.length; i++) {
    const power = Math.exp((logits[i] ?? largest) - largest);
    scores[i] = power;
    sum += power;
  }
  for (let i = 0; i < scores.length; i++) scores[i] = (scores[i] ?? 0) / sum;
  return scores;
}

/** The best `count` labels, highest score first; equal scores in the order of the labels. */
export function bestLabels(scores: ArrayLike<number>, labels: readonly string[], count: number): LabelScore[] {
  if (count === 1) return [bestLabel(scores, labels)];
  const all = labels.map((label, index) => ({ label, score: scores[index] ?? 0 }));
  return all.sort((a, b) => b.score - a.score).slice(0, count);
}

function bestLabel(scores: ArrayLike<number>, labels: readonly string[]): LabelScore {
  let best = 0;
  for (let i = 1; i < scores.length; i++) if ((scores[i] ?? 0) > (scores[best] ?? 0)) best = i;
  return { label: labels[best] ?? String(best), score: scores[best] ?? 0 };
}
