import { TollgateError } from "../../core/errors.ts";
import type { Manifest } from "../models/manifest.ts";
import type { ExplainRequest } from "./explanation.ts";
import type { PreparedInput } from "./prepare.ts";
import { answerNumbers } from "./scores.ts";
import type { Row } from "./tensor.ts";

/** The number that an explanation shares out, and its name. */
export interface ExplainedScore {
  /** The label, or the place of the number. */
  target: string;
  of: (answer: Row) => number;
}

/** An answer to the input as it is, and the input. */
export interface AnswerToExplain {
  answer: Row;
  input: PreparedInput | undefined;
}

/**
 * What is explained of an answer: the probability of the target, which is what the answer tells the caller; a version's
 * logits would tell of margins that nobody sees. Of tokens: that of one token, or the mean of all. Of VALUES: the number.
 * Where no target is named, it is the answer's own best label.
 */
export function explainedScore(manifest: Manifest, request: ExplainRequest, asked: AnswerToExplain): ExplainedScore {
  const numbers = answerNumbers(manifest, asked.answer, 0);
  if (manifest.output.semantics === "VALUES") {
    const place = placeNamed(request.target ?? "0", numbers.length);
    return { target: String(place), of: (row) => answerNumbers(manifest, row, 0)[place] ?? 0 };
  }
  const { labels } = manifest;
  const steps = stepsExplained(manifest, request, { count: numbers.length / labels.length, input: asked.input });
  const scoreOf = (row: Row, wanted: number) => {
    const scores = answerNumbers(manifest, row, 0);
    const ofStep = (step: number) => scores.subarray(step * labels.length, (step + 1) * labels.length);
    return mean(steps.map((step) => probability(manifest, ofStep(step), wanted)));
  };
  const label =
    request.target === undefined
      ? best(labels.length, (one) => scoreOf(asked.answer, one))
      : labelNamed(manifest, request.target);
  return { target: labels[label] ?? String(label), of: (row) => scoreOf(row, label) };
}

/** The tokens whose scores count, by their places in the answer: special ones stand in no text, and never do. */
function stepsExplained(
  { task }: Manifest,
  { token }: ExplainRequest,
  { count, input }: { count: number; input: PreparedInput | undefined },
): number[] {
  if (task !== "TOKEN_CLASSIFICATION") return [0];
  const places = input?.text?.places();
  const all = Array.from({ length: count }, (_, i) => i).filter((i) => places === undefined || places[i] !== undefined);
  return token === undefined ? all : all.slice(token, token + 1);
}

/** Checks what can be checked without an answer: before anything is charged. */
export function checkTarget(manifest: Manifest, { target, token }: ExplainRequest): void {
  if (token !== undefined && manifest.task !== "TOKEN_CLASSIFICATION") {
    throw new TollgateError(
      "INVALID_INPUT",
      `explain.token is for models that label tokens; ${manifest.name} does not.`,
    );
  }
  if (target === undefined) return;
  if (manifest.output.semantics === "VALUES") placeNamed(target, declaredLength(manifest));
  else labelNamed(manifest, target);
}

/** @param tokens how many of an input's tokens stand in its text. */
export function checkToken({ token }: ExplainRequest, tokens: number): void {
  if (token === undefined || (token >= 0 && token < tokens)) return;
  throw new TollgateError("INVALID_INPUT", `explain.token is ${token}; the text has ${tokens} tokens.`);
}

function labelNamed({ name, labels }: Manifest, target: string): number {
  const place = labels.indexOf(target);
  if (place >= 0) return place;
  throw new TollgateError(
    "INVALID_INPUT",
    `explain.target is ${JSON.stringify(target)}, which is no label of ${name}.`,
  );
}

function placeNamed(target: string, count: number): number {
  const place = /^\d{1,9}$/.test(target) ? Number(target) : Number.NaN;
  if (place < count) return place;
  throw new TollgateError(
    "INVALID_INPUT",
    `explain.target is ${JSON.stringify(target)}; send the place of a number in the answer, from 0.`,
  );
}

function declaredLength({ signature, output }: Manifest): number {
  const sizes = signature.outputs.find(({ name }) => name === output.tensor)?.shape.slice(1) ?? [];
  return sizes.reduce<number>(
    (product, size) => product * (typeof size === "number" ? size : Number.POSITIVE_INFINITY),
    1,
  );
}

function best(count: number, scoreOf: (place: number) => number): number {
  let place = 0;
  let highest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < count; i++) {
    const score = scoreOf(i);
    if (score > highest) [place, highest] = [i, score];
  }
  return place;
}

// In double precision: gradients are differences of scores that are nearly equal.
function probability({ output }: Manifest, numbers: ArrayLike<number>, label: number): number {
  const own = numbers[label] ?? 0;
  if (output.semantics !== "LOGITS") return own;
  let sum = 0;
  for (let i = 0; i < numbers.length; i++) sum += Math.exp((numbers[i] ?? 0) - own);
  return 1 / sum;
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}
