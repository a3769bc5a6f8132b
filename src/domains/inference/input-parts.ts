import { TollgateError } from "../../core/errors.ts";
import type { Manifest } from "../models/manifest.ts";
import type { ImageRecipe, TextRecipe } from "../models/recipes.ts";
import { type PreparedInput, rowOfTokens } from "./prepare.ts";
import type { Row, TensorData } from "./tensor.ts";
import { tokenizerOf } from "./tokenizer.ts";

/**
 * An input as parts that can be taken away: patches of a picture, tokens of a text, runs of numbers. What is the
 * baseline's own already (black paper, an unknown word) is no part: taking it away changes nothing, so its worth is known
 * to be nought, and asking would cost the caller an input and blur the others' share.
 */
export interface InputParts {
  count: number;
  /** Whether a part can be there by half: numbers can, token ids cannot. */
  isContinuous: boolean;
  /** What stands where a part is taken away, in words. */
  baseline: string;
  /** The input with each part as far present as said, from 0 to 1. */
  rowWith: (presence: ArrayLike<number>) => Row;
  /** For each pixel, number or token the part that it belongs to; undefined where it belongs to none, and stays. */
  partOf: (number | undefined)[];
  /** Tokens that stand in a text; 0 for other inputs. */
  tokens: number;
  /** The shape that `partOf` has as a tensor. */
  shape: number[];
}

export interface PartsWanted {
  /** How many parts there may be; more are taken together. */
  most: number;
  /** What stands where a part is taken away from numbers. */
  baseline: number;
  /** Also the tokens that are unknown: nothing will be taken away. */
  withUnchanged?: true;
}

/** Throws INVALID_INPUT where the baseline is nothing that the version takes. */
export function partsOf(manifest: Manifest, input: PreparedInput, wanted: PartsWanted): InputParts {
  const recipe = manifest.preprocessing;
  if (recipe?.kind === "text") return tokenParts(manifest, { ...wanted, recipe, input });
  const [whole] = input.row;
  if (whole === undefined) throw new Error("a prepared input without a tensor");
  checkBaseline(manifest, whole, wanted.baseline);
  const isPicture = recipe?.kind === "image";
  return numberParts(whole, wanted.baseline, {
    regions: isPicture ? patches(recipe, wanted.most) : runs(whole.length, wanted.most),
    shape: isPicture ? [recipe.height, recipe.width] : [whole.length],
  });
}

function checkBaseline({ signature }: Manifest, whole: TensorData, baseline: number): void {
  const [low, high] = signature.inputs[0]?.range ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const isOfType = whole instanceof Float32Array || Number.isSafeInteger(baseline);
  if (baseline >= low && baseline <= high && isOfType) return;
  throw new TollgateError("INVALID_INPUT", `explain.baseline is ${baseline}, which this version does not take.`);
}

function numberParts(
  whole: TensorData,
  baseline: number,
  { regions, shape }: { regions: number[]; shape: number[] },
): InputParts {
  const changing = new Set(regions.filter((_, i) => Number(whole[i]) !== baseline));
  const places = new Map([...changing].map((region, part) => [region, part]));
  const partOf = regions.map((region) => places.get(region));
  return {
    count: places.size,
    tokens: 0,
    isContinuous: whole instanceof Float32Array,
    baseline: String(baseline),
    partOf,
    shape,
    rowWith: (presence) => [mixed(whole, baseline, (i) => presenceAt(presence, partOf[i]))],
  };
}

function presenceAt(presence: ArrayLike<number>, part: number | undefined): number {
  return part === undefined ? 1 : (presence[part] ?? 0);
}

function mixed(whole: TensorData, baseline: number, presenceOf: (i: number) => number): TensorData {
  const copy = whole.slice();
  for (let i = 0; i < copy.length; i++) {
    const presence = presenceOf(i);
    // An input that is wholly present is the input, to the last bit.
    if (presence === 1) continue;
    if (copy instanceof BigInt64Array) copy[i] = BigInt(baseline);
    else copy[i] = baseline + presence * (Number(copy[i]) - baseline);
  }
  return copy;
}

/** Square patches, as many as may be and no smaller than a seventh of the picture's longer side, or four pixels. */
function patches({ width, height }: ImageRecipe, most: number): number[] {
  const longer = Math.max(width, height);
  const side = Math.max(Math.ceil(longer / Math.floor(Math.sqrt(most))), Math.min(4, Math.ceil(longer / 7)));
  const across = Math.ceil(width / side);
  return Array.from({ length: width * height }, (_, i) => {
    return Math.floor(Math.floor(i / width) / side) * across + Math.floor((i % width) / side);
  });
}

function runs(length: number, most: number): number[] {
  const size = Math.ceil(length / most);
  return Array.from({ length }, (_, i) => Math.floor(i / size));
}

/**
 * A token that is taken away becomes the unknown one. Leaving it out was rejected: the tokens behind it would move, and
 * what the version makes of the place of a word would be counted as the worth of the word.
 */
function tokenParts(
  manifest: Manifest,
  { recipe, input, most, withUnchanged }: PartsWanted & { recipe: TextRecipe; input: PreparedInput },
): InputParts {
  const ids = input.row[manifest.signature.inputs.findIndex(({ name }) => name === recipe.tensor)];
  if (!(ids instanceof BigInt64Array)) throw new Error("token ids that are no int64");
  const { unknownId } = tokenizerOf(recipe);
  const places = input.text?.places();
  const stands = Array.from(ids, (_, i) => places === undefined || places[i] !== undefined);
  const isPart = (id: bigint, i: number) => stands[i] === true && (id !== unknownId || withUnchanged === true);
  const size = Math.ceil(Array.from(ids).filter(isPart).length / most);
  let seen = 0;
  const partOf = Array.from(ids, (id, i) => (isPart(id, i) ? Math.floor(seen++ / size) : undefined));
  return {
    count: countOf(partOf),
    tokens: stands.filter(Boolean).length,
    isContinuous: false,
    baseline: "the unknown token",
    partOf,
    shape: [ids.length],
    rowWith: (presence) => {
      const kept = ids.map((id, i) => {
        return presenceAt(presence, partOf[i]) === 1 ? id : unknownId;
      });
      return rowOfTokens(manifest, recipe, kept);
    },
  };
}

function countOf(partOf: readonly (number | undefined)[]): number {
  return partOf.reduce<number>((most, part) => Math.max(most, (part ?? -1) + 1), 0);
}
