import { TollgateError } from "../../core/errors.ts";
import type { Manifest } from "../models/manifest.ts";
import type { ModelVersion } from "../models/model.ts";
import type { ImageRecipe, TextRecipe } from "../models/recipes.ts";
import { decodeImage } from "./image-preprocessing.ts";
import type { InferenceInput } from "./inference.ts";
import type { TokenPlace } from "./lower-case.ts";
import type { TensorData } from "./tensor.ts";
import { decodeBase64, rowFromTensor } from "./tensor-input.ts";
import { tokenizerOf } from "./tokenizer.ts";

const maxInputs = 256;
const maxTextCharacters = 1_000_000;

/** One input, ready for the graph. */
export interface PreparedInput {
  /** For each input of the signature, in its order, the numbers of this row. */
  row: readonly TensorData[];
  /** Whether the text was longer than the version takes. */
  truncated: boolean;
  /** Where a text was sent: what its tokens are. */
  text?: PreparedText;
}

export interface PreparedText {
  sent: string;
  /** For each token id its place in the text; undefined for special tokens. */
  places: () => (TokenPlace | undefined)[];
}

/**
 * Turns what a caller sent into rows of the version's inputs. Throws INVALID_INPUT that names the first input that is
 * wrong; none of them is run then.
 */
export async function prepareInputs(
  version: ModelVersion,
  inputs: readonly InferenceInput[],
): Promise<PreparedInput[]> {
  if (inputs.length < 1 || inputs.length > maxInputs) {
    throw new TollgateError("INVALID_INPUT", `inputs has ${inputs.length} entries; send 1 to ${maxInputs}.`);
  }
  const prepared = inputs.map((input, index) => prepare(version.manifest, input, index));
  return isReady(prepared) ? prepared : await Promise.all(prepared);
}

// Only pictures are decoded elsewhere; a promise for each of 256 tensors would cost more than the tensors.
function isReady(prepared: (PreparedInput | Promise<PreparedInput>)[]): prepared is PreparedInput[] {
  return !prepared.some((one) => one instanceof Promise);
}

function prepare(manifest: Manifest, input: InferenceInput, index: number): PreparedInput | Promise<PreparedInput> {
  const field = fieldOf(input, index);
  const where = `inputs[${index}].${field}`;
  try {
    if (field === "tensor") return { row: tensorRow(manifest, input.tensor), truncated: false };
    const recipe = manifest.preprocessing;
    if (field === "text" && recipe?.kind === "text") return textRow(manifest, recipe, input.text ?? "");
    if (field === "image" && recipe?.kind === "image") {
      return imageRow(recipe, input.image ?? "").catch((error: unknown) => {
        throw at(where, error);
      });
    }
    const takes = recipe === undefined ? "a tensor" : `${recipe.kind} or tensor`;
    throw new TollgateError("INVALID_INPUT", `is not what ${manifest.name} takes: send ${takes}.`);
  } catch (error) {
    throw at(where, error);
  }
}

function fieldOf(input: InferenceInput, index: number): "image" | "text" | "tensor" {
  const given = (["image", "text", "tensor"] as const).filter((kind) => (input[kind] ?? undefined) !== undefined);
  const [field] = given;
  if (field !== undefined && given.length === 1) return field;
  const sent = given.length === 0 ? "none" : given.join(" and ");
  throw new TollgateError("INVALID_INPUT", `inputs[${index}] has ${sent}; send exactly one of image, text and tensor.`);
}

// One error names one place; what went wrong there keeps its code.
function at(where: string, error: unknown): unknown {
  return error instanceof TollgateError
    ? new TollgateError(error.code, `${where} ${error.message}`, { cause: error.cause })
    : error;
}

async function imageRow(recipe: ImageRecipe, image: string): Promise<PreparedInput> {
  const pixels = await decodeImage(decodeBase64(image), recipe);
  return { row: [pixels], truncated: false };
}

function textRow(manifest: Manifest, recipe: TextRecipe, text: string): PreparedInput {
  if (text.length > maxTextCharacters) {
    throw new TollgateError("INVALID_INPUT", `has ${text.length} characters; the limit is ${maxTextCharacters}.`);
  }
  const { ids, truncated, places } = tokenizerOf(recipe).encode(text);
  if (ids.length === 0) throw new TollgateError("INVALID_INPUT", "has no word that the model could read.");
  return { row: rowOfTokens(manifest, recipe, ids), truncated, text: { sent: text, places } };
}

function tensorRow(manifest: Manifest, tensor: unknown): readonly TensorData[] {
  const recipe = manifest.preprocessing;
  const name = recipe?.tensor ?? manifest.signature.inputs[0]?.name;
  const spec = manifest.signature.inputs.find((input) => input.name === name);
  if (spec === undefined) throw new Error(`the manifest of ${manifest.name} names no input for a tensor`);
  if (recipe?.kind !== "text") return [rowFromTensor(tensor, spec, recipe === undefined ? {} : { recipe })];
  const ids = rowFromTensor(tensor, spec, { variableLength: recipe.maxTokens });
  return rowOfTokens(manifest, recipe, ids);
}

/** The graph reads a row up to its length, so padding can follow it without changing the answer. */
export function rowOfTokens(manifest: Manifest, recipe: TextRecipe, ids: TensorData): readonly TensorData[] {
  return manifest.signature.inputs.map((input) => {
    if (input.name === recipe.tensor) return ids;
    if (input.name === recipe.lengths) return BigInt64Array.of(BigInt(ids.length));
    // What else a recipe fills says for each token whether it is one, and of which of several texts: of the only one.
    const isMask = recipe.recipe === 2 && input.name === recipe.attentionMask;
    return new BigInt64Array(ids.length).fill(isMask ? 1n : 0n);
  });
}
