import { TollgateError } from "../../core/errors.ts";
import type { Manifest } from "../models/manifest.ts";
import type { ExplainRequest } from "./explanation.ts";
import { answerNumbers } from "./scores.ts";
import type { Row } from "./tensor.ts";

/** The number that an explanation shares out, and its name. */
export interface ExplainedScore {
  /** The label, or the place of the number. */
  target: string;
  of: (answer: Row) => number;
}

/**
 * What is explained of an answer: the probability of the target, which is what the answer tells the caller; a version's
 * logits would tell of margins that nobody sees. Of tokens: that of one token, or the mean of all. Of VALUES: the number.
 *
 * @param answer that of the input as it is; where no target is named, its own best label is the target.
 */
export function explainedScore(manifest: Manifest, request: ExplainRequest, answer: Row): ExplainedScore {
  const numbers = answerNumbers(manifest, answer, 0);
  if (manifest.output.semantics === "VALUES") {
    const place = placeNamed(request.target ?? "0", numbers.length);
    return { target: String(place), of: (row) => answerNumbers(manifest, row, 0)[place] ?? 0 };
  }
  const width = manifest.labels.length;
  const groups = manifest.task === "TOKEN_CLASSIFICATION" ? numbers.length / width : 1;
  const token = manifest.task === "TOKEN_CLASSIFICATION" ? request.token : 0;
  if (token !== undefined && token >= groups) {
    throw new TollgateError("INVALID_INPUT", `explain.token is ${token}; the text has ${groups} tokens.`);
  }
  const meanOver = token === undefined ? Array.from({ length: groups }, (_, group) => group) : [token];
  const scoreOf = (row: Row, label: number) => {
    const scores = answerNumbers(manifest, row, 0);
    return mean(
      meanOver.map((group) => probability(manifest, scores.subarray(group * width, (group + 1) * width), label)),
    );
  };
  const label =
    request.target === undefined ? best(width, (one) => scoreOf(answer, one)) : labelNamed(manifest, request.target);
  return { target: manifest.labels[label] ?? String(label), of: (row) => scoreOf(row, label) };
}

/** Checks what can be checked without an answer: before anything is charged. */
export function checkTarget(manifest: Manifest, { target, token }: ExplainRequest): void {
  if (token !== undefined && manifest.task !== "TOKEN_CLASSIFICATION") {
    throw new TollgateError(
      "INVALID_INPUT",
      `explain.token is for models that label tokens; ${manifest.name} does not.`,
    );
  }
  if (token !== undefined && token < 0) throw new TollgateError("INVALID_INPUT", "explain.token is negative.");
  if (target === undefined) return;
  if (manifest.output.semantics === "VALUES") placeNamed(target, declaredLength(manifest));
  else labelNamed(manifest, target);
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
