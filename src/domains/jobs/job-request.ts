import { notFound, TollgateError } from "../../core/errors.ts";
import { isId } from "../../core/ids.ts";
import { checkExplanation } from "../inference/explanation-plan.ts";
import type { InferenceInput } from "../inference/inference.ts";
import type { ModelVersion } from "../models/model.ts";
import type { DatasetColumns } from "./dataset.ts";
import { type JobExplanation, requestForItem } from "./job-explanation.ts";
import type { SliceRecord } from "./slice.ts";

/** What a caller asks for, before anything is checked. */
export interface JobRequest {
  model: string;
  alias: string | undefined;
  version: number | undefined;
  topK: number;
  priority: number;
  explanation: JobExplanation | undefined;
  /** The endpoint to be told of the end. */
  webhookEndpointId: string | undefined;
  inputs: readonly InferenceInput[] | undefined;
  datasetId: string | undefined;
  columns: DatasetColumns;
}

/** Where the inputs are, once it is known that it is one place. */
export type JobInputs = { kind: "INLINE"; inputs: readonly InferenceInput[] } | { kind: "DATASET"; datasetId: string };

const maxInlineInputs = 10_000;
const maxTopK = 100;
const maxPriority = 100;

/** Throws INVALID_INPUT for what can be seen to be wrong before any input is looked at. */
export function checkRequest({ topK, priority, explanation }: JobRequest, { manifest }: ModelVersion): void {
  if (topK < 1 || topK > maxTopK) {
    throw new TollgateError("INVALID_INPUT", `topK is ${topK}; it must be from 1 to ${maxTopK}.`);
  }
  if (Math.abs(priority) > maxPriority) {
    throw new TollgateError(
      "INVALID_INPUT",
      `priority is ${priority}; it must be from -${maxPriority} to ${maxPriority}.`,
    );
  }
  if (explanation !== undefined) checkExplanation(manifest, requestForItem(explanation));
}

export function inputsIn({ inputs, datasetId }: JobRequest): JobInputs {
  if ((inputs === undefined) === (datasetId === undefined)) {
    throw new TollgateError("INVALID_INPUT", "source must have exactly one of inputs and datasetId.");
  }
  if (inputs === undefined) {
    if (datasetId === undefined || !isId("dataset", datasetId)) throw notFound("dataset");
    return { kind: "DATASET", datasetId };
  }
  if (inputs.length >= 1 && inputs.length <= maxInlineInputs) return { kind: "INLINE", inputs };
  throw new TollgateError(
    "INVALID_INPUT",
    `source.inputs has ${inputs.length} entries; send 1 to ${maxInlineInputs}, or upload more as a dataset.`,
  );
}

export function recordOfInput({ text, image, tensor }: InferenceInput, index: number): SliceRecord {
  const input = { text: text ?? undefined, image: image ?? undefined, tensor: tensor ?? undefined };
  return { line: index + 1, input };
}
