import type { LimitDetails } from "../../core/errors.ts";
import type { Model, ModelVersion } from "../models/model.ts";
import type { EncodedTensor } from "./encoded-tensor.ts";
import type { ExplainRequest, Explanation } from "./explanation.ts";

/** One input as a caller sends it: exactly one of the three. */
export interface InferenceInput {
  /** PNG or JPEG bytes, as base64. */
  image?: string | null | undefined;
  text?: string | null | undefined;
  /** `{ dtype, shape, data }` or nested arrays of numbers. */
  tensor?: unknown;
}

export interface InferenceRequest {
  model: string;
  alias: string | undefined;
  version: number | undefined;
  inputs: InferenceInput[];
  topK: number;
  explain: ExplainRequest | undefined;
  idempotencyKey: string | undefined;
  deadlineMs: number | undefined;
}

export interface LabelScore {
  label: string;
  score: number;
}

export interface TokenLabel extends LabelScore {
  /** As it stands in the text, and where, in UTF-16 code units; undefined where token ids were sent instead. */
  text?: string | undefined;
  start?: number | undefined;
  end?: number | undefined;
}

export interface OutputTensor {
  name: string;
  tensor: EncodedTensor;
}

export interface InferenceOutput {
  index: number;
  /** Of tokens: the label that most of them carry. Empty where the version has no labels. */
  label: string;
  /** Of tokens: the share of them that carry the label. */
  score: number;
  /** The best topK, highest first. */
  scores: LabelScore[];
  /** For token classification. */
  tokens?: TokenLabel[] | undefined;
  /** All outputs of the graph, for the task TENSOR. */
  tensors?: OutputTensor[] | undefined;
  truncated: boolean;
  explanation?: Explanation | undefined;
}

export interface InferenceTiming {
  queueMs: number;
  runMs: number;
  totalMs: number;
  batchSize: number;
  provider: "CPU" | "CUDA";
}

/** One request to one version, answered. */
export interface Inference {
  id: string;
  model: Model;
  version: ModelVersion;
  alias: string | undefined;
  outputs: InferenceOutput[];
  usage: { meter: string; quantity: number; amount: bigint }[];
  /** Soft limits that did not cover it. */
  softLimits: LimitDetails[];
  timing: InferenceTiming;
  createdAt: Date;
}
