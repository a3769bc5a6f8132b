import { TollgateError } from "../../core/errors.ts";
import type { Manifest } from "../models/manifest.ts";
import { encodeTensor } from "./encoded-tensor.ts";
import { explainedScore } from "./explained-score.ts";
import type { Completeness, Explanation, TokenValue } from "./explanation.ts";
import type { ExplanationPlan, PlannedExplanation } from "./explanation-plan.ts";
import { heatMap } from "./heat-map.ts";
import type { PreparedInput } from "./prepare.ts";
import type { Row } from "./tensor.ts";

export interface ToExplain {
  manifest: Manifest;
  prepared: readonly PreparedInput[];
  plan: ExplanationPlan;
  /** The version's answers to the inputs as they are. */
  answers: readonly Row[];
  /** Whether pictures are to be had as pictures too. */
  heatMaps: boolean;
  /** Runs changed inputs on the same version. */
  run: (rows: Row[]) => Promise<readonly Row[]>;
}

/** What one round of changed inputs may hold: neither memory nor the queue grows with what a request has explained. */
const maxRoundBytes = 16 * 1024 * 1024;
const maxRoundRows = 256;

/** Explains answers, one after the other: exactly the changed inputs are run that the plan told. By the outputs' places. */
export async function explain(work: ToExplain): Promise<Map<number, Explanation>> {
  const explanations = new Map<number, Explanation>();
  for (const planned of work.plan.outputs) explanations.set(planned.index, await explainOne(work, planned));
  return explanations;
}

async function explainOne(work: ToExplain, planned: PlannedExplanation): Promise<Explanation> {
  const { manifest, plan, answers } = work;
  const answer = answers[planned.index] ?? [];
  const input = work.prepared[planned.index];
  const score = explainedScore(manifest, plan.request, { answer, input });
  const whole = score.of(answer);
  const { method, parts } = planned;
  const scores = method === undefined ? undefined : (await runAll(work, planned)).map(score.of);
  const values =
    method === undefined || scores === undefined
      ? attentionOf(manifest, answer)
      : spread(method.attribute(whole, Float64Array.from(scores)), parts.partOf);
  const { request } = plan;
  return {
    method: request.method,
    target: score.target,
    baseline: method === undefined ? "none" : parts.baseline,
    evaluations: method?.evaluations ?? 0,
    samples: planned.samples,
    seed: request.method === "SHAP" ? (request.seed ?? 0) : undefined,
    parts: parts.count,
    values: encodeTensor(Float32Array.from(values), parts.shape),
    tokens: tokenValues(manifest, input, values),
    heatMap: await pictureOf(work, input, values),
    completeness: scores === undefined ? undefined : completenessOf(values, whole - (scores[0] ?? 0)),
  };
}

async function runAll({ run, manifest }: ToExplain, { method, parts }: PlannedExplanation): Promise<Row[]> {
  const answers: Row[] = [];
  let round: Row[] = [];
  let bytes = 0;
  const finishRound = async () => {
    answers.push(...(await runRound(manifest, round, run)));
    [round, bytes] = [[], 0];
  };
  for (const presence of method?.presences() ?? []) {
    const row = parts.rowWith(presence);
    round.push(row);
    bytes += row.reduce((sum, { byteLength }) => sum + byteLength, 0);
    if (round.length === maxRoundRows || bytes >= maxRoundBytes) await finishRound();
  }
  if (round.length > 0) await finishRound();
  return answers;
}

async function runRound(manifest: Manifest, rows: Row[], run: ToExplain["run"]): Promise<readonly Row[]> {
  try {
    return await run(rows);
  } catch (error) {
    const isModelFault = error instanceof TollgateError && error.code === "MODEL_FAILED";
    throw isModelFault ? brokeOnChanged(manifest, error) : error;
  }
}

/** The places in the error of the run are those of changed inputs, which mean nothing to the caller. */
function brokeOnChanged({ name }: Manifest, cause: TollgateError): TollgateError {
  const message =
    `${name} answered the inputs, but broke on one that was changed to explain them, or gave no finite number for it. ` +
    "Nothing was charged; ask without explain, or with another baseline.";
  return new TollgateError("MODEL_FAILED", message, { cause });
}

function attentionOf(manifest: Manifest, answer: Row): Float64Array {
  const place = manifest.signature.outputs.findIndex(({ name }) => name === manifest.attention?.tensor);
  return Float64Array.from(answer[place] ?? [], Number);
}

/** What belongs to one part shares its value evenly, so that the sum stays the sum. */
function spread(values: Float64Array, partOf: readonly (number | undefined)[]): Float64Array {
  const sizes = new Float64Array(values.length);
  for (const part of partOf) if (part !== undefined) sizes[part] = (sizes[part] ?? 0) + 1;
  return Float64Array.from(partOf, (part) => (part === undefined ? 0 : (values[part] ?? 0) / (sizes[part] ?? 1)));
}

function completenessOf(values: Float64Array, expected: number): Completeness {
  const sum = values.reduce((total, value) => total + value, 0);
  return { sum, expected, error: sum - expected };
}

function tokenValues(
  manifest: Manifest,
  input: PreparedInput | undefined,
  values: Float64Array,
): TokenValue[] | undefined {
  if (manifest.preprocessing?.kind !== "text") return undefined;
  const text = input?.text;
  if (text === undefined)
    return Array.from(values, (value) => ({ text: undefined, start: undefined, end: undefined, value }));
  return text.places().flatMap((place, i) => {
    if (place === undefined) return [];
    return [{ text: text.sent.slice(place.start, place.end), ...place, value: values[i] ?? 0 }];
  });
}

async function pictureOf(
  { manifest, heatMaps }: ToExplain,
  input: PreparedInput | undefined,
  values: Float64Array,
): Promise<string | undefined> {
  const recipe = manifest.preprocessing;
  const [pixels] = input?.row ?? [];
  if (!heatMaps || recipe?.kind !== "image" || !(pixels instanceof Float32Array)) return undefined;
  return await heatMap(
    pixels.map((pixel) => pixel / (255 * recipe.scale)),
    values,
    recipe,
  );
}
