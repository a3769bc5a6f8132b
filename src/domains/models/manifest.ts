import { z } from "zod";

/** What a model version expects and returns, as it stands in `manifest.json` beside the ONNX file. */
export type Manifest = z.infer<typeof manifestSchema>;

export const dtypes = ["float32", "int64", "int32", "uint8"] as const;
export type Dtype = (typeof dtypes)[number];

/** LOGITS become probabilities by softmax; VALUES are numbers of their own kind, and stay as they are. */
export const outputSemantics = ["PROBABILITIES", "LOGITS", "VALUES"] as const;

/** The tasks that this house can serve; the public schema knows more, for later versions of it. */
export const servedTasks = ["IMAGE_CLASSIFICATION", "TEXT_CLASSIFICATION", "TENSOR"] as const;

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

/** How an encoded picture becomes a tensor: greyscale, fitted into width x height on black, scaled, row by row. */
const imageRecipe = z.strictObject({
  kind: z.literal("image"),
  recipe: z.literal(1),
  width: z.number().int().positive().max(4096),
  height: z.number().int().positive().max(4096),
  channels: z.literal(1),
  scale: z.number().positive(),
  tensor: z.string(),
});
export type ImageRecipe = z.infer<typeof imageRecipe>;

/** How a text becomes token ids: lower-cased, every match of the pattern is a token, looked up in the vocabulary. */
const textRecipe = z.strictObject({
  kind: z.literal("text"),
  recipe: z.literal(1),
  lowercase: z.boolean(),
  pattern: z.string().min(1),
  maxTokens: z.number().int().positive().max(65_536),
  unknownId: z.number().int().nonnegative(),
  paddingId: z.number().int().nonnegative(),
  tensor: z.string(),
  /** The input that carries each row's number of tokens. */
  lengths: z.string(),
  vocabulary: z.strictObject({ firstId: z.number().int().nonnegative(), words: z.array(z.string().min(1)) }),
});
export type TextRecipe = z.infer<typeof textRecipe>;

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
  preprocessing: z.discriminatedUnion("kind", [imageRecipe, textRecipe]).optional(),
  /** The output that holds a score for each label, and what the scores are. */
  output: z.strictObject({ tensor: z.string(), semantics: z.enum(outputSemantics) }),
  labels: z.array(z.string()).min(1),
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
  const inputs = new Set(manifest.signature.inputs.map((input) => input.name));
  const outputs = new Set(manifest.signature.outputs.map((output) => output.name));
  if (!outputs.has(manifest.output.tensor))
    return `output.tensor: the signature has no output "${manifest.output.tensor}"`;
  const scores = manifest.signature.outputs.find((output) => output.name === manifest.output.tensor)?.shape.at(-1);
  if (typeof scores === "number" && scores !== manifest.labels.length)
    return `labels: there are ${manifest.labels.length} for the ${scores} scores of "${manifest.output.tensor}"`;
  const recipe = manifest.preprocessing;
  if (recipe === undefined)
    return manifest.task === "TENSOR" ? undefined : `preprocessing: ${manifest.task} needs a recipe`;
  const named = recipe.kind === "image" ? [recipe.tensor] : [recipe.tensor, recipe.lengths];
  const missing = named.find((name) => !inputs.has(name));
  return missing === undefined ? undefined : `preprocessing: the signature has no input "${missing}"`;
}
