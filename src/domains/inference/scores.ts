import { TollgateError } from "../../core/errors.ts";
import type { Manifest } from "../models/manifest.ts";
import { encodeTensor } from "./encoded-tensor.ts";
import type { InferenceOutput, LabelScore, OutputTensor, TokenLabel } from "./inference.ts";
import type { PreparedInput } from "./prepare.ts";
import type { Row } from "./tensor.ts";

/**
 * The answers for a request's rows. `outputs` holds, for each row, the numbers of every output of the signature.
 * Throws MODEL_FAILED where the model answered something that is not a number, which no caller could read as JSON.
 */
export function outputsOf(
  manifest: Manifest,
  prepared: readonly PreparedInput[],
  outputs: readonly Row[],
  topK: number,
): InferenceOutput[] {
  return outputs.map((row, index) => {
    const input = prepared[index];
    return {
      index,
      ...answerOf(manifest, input, { numbers: answerNumbers(manifest, row, index), topK }),
      ...(manifest.task === "TENSOR" ? { tensors: tensorsOf(manifest, row) } : {}),
      truncated: input?.truncated ?? false,
    };
  });
}

type Answered = Pick<InferenceOutput, "label" | "score" | "scores" | "tokens">;

function answerOf(
  manifest: Manifest,
  input: PreparedInput | undefined,
  { numbers, topK }: { numbers: ArrayLike<number>; topK: number },
): Answered {
  if (manifest.output.semantics === "VALUES") return { label: "", score: 0, scores: [] };
  if (manifest.task === "TOKEN_CLASSIFICATION") return tokensAnswer(manifest, input, { numbers, topK });
  const scores = bestLabels(probabilitiesOf(manifest, numbers), manifest.labels, topK);
  const [best] = scores;
  return { label: best?.label ?? "", score: best?.score ?? 0, scores };
}

/** Of a text as a whole there is one honest thing to say: which share of its tokens carries each label. */
function tokensAnswer(
  manifest: Manifest,
  input: PreparedInput | undefined,
  { numbers, topK }: { numbers: ArrayLike<number>; topK: number },
): Answered {
  const { labels } = manifest;
  const tokens = labelTokens(manifest, input, numbers);
  const counts = new Map(labels.map((label) => [label, 0]));
  for (const { label } of tokens) counts.set(label, (counts.get(label) ?? 0) + 1);
  const shares = labels.map((label) => (counts.get(label) ?? 0) / Math.max(1, tokens.length));
  const scores = bestLabels(shares, labels, topK);
  const [best] = scores;
  return { label: best?.label ?? "", score: best?.score ?? 0, scores, tokens };
}

/** Each token of the text with its best label; special tokens stand in no text, and are left out. */
function labelTokens(manifest: Manifest, input: PreparedInput | undefined, numbers: ArrayLike<number>): TokenLabel[] {
  const { labels } = manifest;
  const count = numbers.length / labels.length;
  const text = input?.text;
  const places = text?.places();
  const tokens: TokenLabel[] = [];
  for (let i = 0; i < count; i++) {
    const place = places?.[i];
    if (places !== undefined && place === undefined) continue;
    const scores = probabilitiesOf(manifest, slice(numbers, i * labels.length, labels.length));
    const best = bestLabel(scores, labels);
    const found = place === undefined ? undefined : text?.sent.slice(place.start, place.end);
    tokens.push({ ...best, text: found, start: place?.start, end: place?.end });
  }
  return tokens;
}

/** The numbers of the output that is the answer. */
export function answerNumbers(manifest: Manifest, row: Row, index: number): Float32Array | Float64Array {
  const place = manifest.signature.outputs.findIndex((output) => output.name === manifest.output.tensor);
  const raw = row[place] ?? new Float32Array();
  const numbers = raw instanceof Float32Array ? raw : Float64Array.from(raw, Number);
  if (numbers.every(Number.isFinite)) return numbers;
  throw new TollgateError("MODEL_FAILED", `${manifest.name} gave no number for inputs[${index}]; nothing was charged.`);
}

/** Scores that add up to 1, whatever the output holds. */
export function probabilitiesOf({ output }: Manifest, numbers: ArrayLike<number>): ArrayLike<number> {
  return output.semantics === "LOGITS" ? softmax(numbers) : numbers;
}

function slice(numbers: ArrayLike<number>, from: number, count: number): Float64Array {
  const part = new Float64Array(count);
  for (let i = 0; i < count; i++) part[i] = numbers[from + i] ?? 0;
  return part;
}

function tensorsOf({ signature }: Manifest, row: Row): OutputTensor[] {
  return signature.outputs.map(({ name, shape }, i) => {
    const data = row[i] ?? new Float32Array();
    return { name, tensor: encodeTensor(data, shapeOf(shape.slice(1), data.length)) };
  });
}

/** The sizes of an answer: what varies is what is left of its length. Several that vary cannot be told apart. */
function shapeOf(declared: readonly (number | string)[], length: number): number[] {
  const varying = declared.filter((size) => typeof size === "string").length;
  const fixed = declared.reduce<number>((product, size) => (typeof size === "number" ? product * size : product), 1);
  if (varying > 1) return [length];
  return declared.map((size) => (typeof size === "number" ? size : length / fixed));
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
