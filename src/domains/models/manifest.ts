import { z } from "zod";
import { inputsFilledBy, recipeSchema } from "./recipes.ts";

/** What a model version expects and returns, as it stands in `manifest.json` beside the ONNX file. */
export type Manifest = z.infer<typeof manifestSchema>;

export const dtypes = ["float32", "int64", "int32", "uint8"] as const;
export type Dtype = (typeof dtypes)[number];

/** LOGITS become probabilities by softmax; VALUES are numbers of their own kind, and stay as they are. */
export const outputSemantics = ["PROBABILITIES", "LOGITS", "VALUES"] as const;

export const servedTasks = ["IMAGE_CLASSIFICATION", "TEXT_CLASSIFICATION", "TOKEN_CLASSIFICATION", "TENSOR"] as const;

/** A dimension is a size, or the name of one that varies from batch to batch. The first is always the batch. */
const dimension = z.union([z.number().int().positive(), z.string().min(1)]);

const tensorSpec = z.strictObject({
  name: z.string().min(1),
  dtype: z.enum(dtypes),
  shape: z.array(dimension).min(1),
});
const inputSpec = tensorSpec.extend({
  /** Lowest and highest value allowed, both included. ONNX Runtime checks none: a negative token id wraps silently. */
  range: z.tuple([z.number(), z.number()]).optional(),
});
export type TensorSpec = z.infer<typeof inputSpec>;

const encodedTensor = z.strictObject({
  dtype: z.enum(dtypes),
  shape: z.array(z.number().int().nonnegative()),
  data: z.string(),
});

const goldenSample = z.strictObject({
  input: z.union([z.strictObject({ image: z.string() }), z.strictObject({ text: z.string() })]).optional(),
  tensors: z.record(z.string(), encodedTensor),
  outputs: z.record(z.string(), encodedTensor),
  label: z.string().optional(),
});
export type GoldenSample = z.infer<typeof goldenSample>;

const manifestSchema = z.strictObject({
  manifestVersion: z.literal(1),
  name: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/),
  version: z.number().int().positive(),
  task: z.enum(servedTasks),
  description: z.string().min(1),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  signature: z.strictObject({ inputs: z.array(inputSpec).min(1), outputs: z.array(tensorSpec).min(1) }),
  preprocessing: recipeSchema.optional(),
  /**
   * The output that is the answer: a score for each label, as probabilities or logits, for each token where tokens are
   * classified; or VALUES, numbers that no label belongs to.
   */
  output: z.strictObject({ tensor: z.string(), semantics: z.enum(outputSemantics) }),
  /** The output that holds how much of each token went into the answer; the graph must have one. */
  attention: z.strictObject({ tensor: z.string() }).optional(),
  labels: z.array(z.string()).default([]),
  batching: z.strictObject({
    maxInputs: z.number().int().min(1).max(1024),
    /** LENGTHS: the graph takes each row's length, so rows of different lengths can share a padded batch. */
    padding: z.enum(["LENGTHS", "NONE"]),
    /** How long a batch may wait for more inputs; without it, it leaves as soon as a runner is free. */
    maxDelayMs: z.number().int().min(0).max(1000).optional(),
    /** What a batch may hold in all: inputs, or tokens, each input counted with the tokens of the longest. */
    maxCost: z.number().int().positive().optional(),
  }),
  golden: z.strictObject({ tolerance: z.number().nonnegative(), samples: z.array(goldenSample) }),
  training: z.record(z.string(), z.unknown()).optional(),
});

/** Parses a manifest, or says in one sentence everything that is wrong with it. */
export function parseManifest(json: unknown): { manifest: Manifest } | { problem: string } {
  const parsed = manifestSchema.safeParse(json);
  if (!parsed.success) {
    const issues = parsed.error.issues.map((issue) => `${issue.path.join(".") || "manifest"}: ${issue.message}`);
    return { problem: issues.join("; ") };
  }
  const problem = contradictionIn(parsed.data);
  return problem === undefined ? { manifest: parsed.data } : { problem };
}

function contradictionIn(manifest: Manifest): string | undefined {
  return outputProblem(manifest) ?? labelsProblem(manifest) ?? recipeProblem(manifest) ?? tokensProblem(manifest);
}

function outputProblem({ output, signature }: Manifest): string | undefined {
  if (signature.outputs.some((candidate) => candidate.name === output.tensor)) return undefined;
  return `output.tensor: the signature has no output "${output.tensor}"`;
}

function labelsProblem({ task, labels, output, signature }: Manifest): string | undefined {
  const isClassifier = output.semantics !== "VALUES";
  if (isClassifier !== labels.length > 0) {
    return isClassifier ? `labels: ${output.semantics} need a label each` : "labels: VALUES have no labels";
  }
  if (task !== "TENSOR" && !isClassifier)
    return `output.semantics: ${task} answers PROBABILITIES or LOGITS, not VALUES`;
  const size = signature.outputs.find((candidate) => candidate.name === output.tensor)?.shape.at(-1);
  if (!isClassifier || typeof size !== "number" || size === labels.length) return undefined;
  return `labels: there are ${labels.length}, and "${output.tensor}" has ${size} scores`;
}

function recipeProblem({ task, preprocessing: recipe, signature, batching }: Manifest): string | undefined {
  if (recipe === undefined) return task === "TENSOR" ? undefined : `preprocessing: ${task} needs a recipe`;
  const kind = kindOf(task);
  if (kind !== undefined && recipe.kind !== kind) return `preprocessing: ${task} needs a recipe of kind "${kind}"`;
  const inputs = new Set(signature.inputs.map((input) => input.name));
  const missing = inputsFilledBy(recipe).find((name) => !inputs.has(name));
  if (missing !== undefined) return `preprocessing: the signature has no input "${missing}"`;
  const filled = new Set(recipe.kind === "text" ? inputsFilledBy(recipe) : []);
  const notInt64 = signature.inputs.find(({ name, dtype }) => filled.has(name) && dtype !== "int64");
  if (notInt64 !== undefined) return `preprocessing: "${notInt64.name}" takes ${notInt64.dtype}; token ids are int64`;
  if (recipe.kind === "text" && batching.padding === "LENGTHS" && recipe.lengths === undefined) {
    return "batching.padding: LENGTHS needs a recipe that fills lengths";
  }
  return undefined;
}

function kindOf(task: Manifest["task"]): "image" | "text" | undefined {
  switch (task) {
    case "IMAGE_CLASSIFICATION":
      return "image";
    case "TEXT_CLASSIFICATION":
    case "TOKEN_CLASSIFICATION":
      return "text";
    case "TENSOR":
      return undefined;
  }
}

/** Outputs that say something of each token are as wide as the tokens: their second dimension has the same name. */
function tokensProblem(manifest: Manifest): string | undefined {
  const { task, attention, output, preprocessing: recipe, labels } = manifest;
  if (task === "TOKEN_CLASSIFICATION" && !hasShape(manifest, output.tensor, [labels.length])) {
    return `output.tensor: "${output.tensor}" must be [batch, <as the tokens>, ${labels.length}], a score per token and label`;
  }
  if (attention === undefined) return undefined;
  if (recipe?.kind !== "text") return 'attention: only a recipe of kind "text" has tokens';
  if (hasShape(manifest, attention.tensor, [])) return undefined;
  return `attention.tensor: "${attention.tensor}" must be an output [batch, <as the tokens>], a weight per token`;
}

function hasShape({ signature, preprocessing: recipe }: Manifest, output: string, rest: number[]): boolean {
  const tokens = signature.inputs.find((input) => input.name === recipe?.tensor)?.shape[1];
  const shape = signature.outputs.find((candidate) => candidate.name === output)?.shape;
  if (shape === undefined || typeof tokens !== "string") return false;
  return shape[1] === tokens && JSON.stringify(shape.slice(2)) === JSON.stringify(rest);
}
