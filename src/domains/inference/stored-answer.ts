import { z } from "zod";
import type { LimitDetails } from "../../core/errors.ts";
import type { Catalogue } from "../models/catalogue.ts";
import type { Inference } from "./inference.ts";

const encodedTensor = z.object({ dtype: z.string(), shape: z.array(z.number()), data: z.string() });
const place = { text: z.string().optional(), start: z.number().optional(), end: z.number().optional() };

const storedExplanation = z.object({
  method: z.enum(["OCCLUSION", "INTEGRATED_GRADIENTS", "SHAP", "ATTENTION"]),
  target: z.string(),
  baseline: z.string(),
  evaluations: z.number(),
  samples: z.number().optional(),
  seed: z.number().optional(),
  parts: z.number(),
  values: encodedTensor,
  tokens: z.array(z.object({ ...place, value: z.number() })).optional(),
  heatMap: z.string().optional(),
  completeness: z.object({ sum: z.number(), expected: z.number(), error: z.number() }).optional(),
});

const storedOutput = z.object({
  index: z.number(),
  label: z.string(),
  score: z.number(),
  scores: z.array(z.object({ label: z.string(), score: z.number() })),
  tokens: z.array(z.object({ ...place, label: z.string(), score: z.number() })).optional(),
  tensors: z.array(z.object({ name: z.string(), tensor: encodedTensor })).optional(),
  truncated: z.boolean(),
  explanation: storedExplanation.optional(),
});

const softLimit = z.object({
  id: z.string(),
  kind: z.string(),
  scope: z.string(),
  meter: z.string().optional(),
  model: z.string().optional(),
  period: z.string().optional(),
  limit: z.number(),
  used: z.number(),
  requested: z.number(),
  resetsAt: z.string().optional(),
});

/** An answer as it lies under its idempotency key. */
const storedAnswer = z.object({
  id: z.string(),
  modelVersionId: z.string(),
  alias: z.string().optional(),
  outputs: z.array(storedOutput),
  usage: z.array(z.object({ meter: z.string(), quantity: z.number(), amount: z.string() })),
  softLimits: z.array(softLimit).default([]),
  timing: z.object({
    queueMs: z.number(),
    runMs: z.number(),
    totalMs: z.number(),
    batchSize: z.number(),
    provider: z.enum(["CPU", "CUDA"]),
  }),
  createdAt: z.string(),
});

export function toStored(inference: Inference): z.input<typeof storedAnswer> {
  const { id, version, alias, outputs, usage, softLimits, timing, createdAt } = inference;
  return {
    id,
    modelVersionId: version.id,
    ...(alias === undefined ? {} : { alias }),
    outputs,
    usage: usage.map((one) => ({ ...one, amount: String(one.amount) })),
    softLimits,
    timing,
    createdAt: createdAt.toISOString(),
  };
}

export function fromStored(catalogue: Catalogue, json: unknown): Inference {
  const stored = storedAnswer.parse(json);
  const found = catalogue.versionById(stored.modelVersionId);
  if (found === undefined)
    throw new Error(`the stored answer ${stored.id} names a version that is not in the catalogue`);
  return {
    id: stored.id,
    ...found,
    alias: stored.alias,
    outputs: stored.outputs,
    usage: stored.usage.map((one) => ({ ...one, amount: BigInt(one.amount) })),
    softLimits: stored.softLimits.map(withEveryField),
    timing: stored.timing,
    createdAt: new Date(stored.createdAt),
  };
}

function withEveryField(limit: z.infer<typeof softLimit>): LimitDetails {
  const { meter, model, period, resetsAt } = limit;
  return { ...limit, meter, model, period, resetsAt };
}
