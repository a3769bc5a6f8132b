import type { LimitDetails } from "../../core/errors.ts";
import type { Model, ModelVersion } from "../models/model.ts";

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
  idempotencyKey: string | undefined;
  deadlineMs: number | undefined;
}

export interface LabelScore {
  label: string;
  score: number;
}

export interface InferenceOutput {
  index: number;
  label: string;
  score: number;
  /** The best topK, highest first. */
  scores: LabelScore[];
  truncated: boolean;
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
