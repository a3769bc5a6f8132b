import { z } from "zod";
import { patternProblem } from "./pattern.ts";
import { tokenizerJson } from "./tokenizer-json.ts";

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

const pattern = z
  .string()
  .min(1)
  .superRefine((text, context) => {
    const problem = patternProblem(text);
    if (problem !== undefined) context.addIssue({ code: "custom", message: `the pattern ${problem}` });
  });
const id = z.number().int().nonnegative();
const vocabulary = z.strictObject({ firstId: id, words: z.array(z.string().min(1)) });
const ofEveryText = {
  kind: z.literal("text"),
  /** Tokens behind these are not read. */
  maxTokens: z.number().int().positive().max(65_536),
  paddingId: id,
  /** The input that takes the token ids. */
  tensor: z.string(),
};
/** The input that carries each row's number of tokens. */
const lengths = z.string();

/** Lower-cased if so said; every match of the pattern is a token, looked up in the vocabulary. */
const vocabularyRecipe = z.strictObject({
  ...ofEveryText,
  recipe: z.literal(1),
  lowercase: z.boolean(),
  pattern,
  unknownId: id,
  lengths,
  vocabulary,
});

/** A bundled `tokenizer.json`; the graph may take a mask and types beside the ids, and lengths. */
const bundledTokenizerRecipe = z.strictObject({
  ...ofEveryText,
  recipe: z.literal(2),
  /** The content of `tokenizer.json`. It is part of the version as much as its weights, so it stands here. */
  tokenizer: tokenizerJson,
  /** Whether the tokenizer's special tokens, such as `[CLS]`, are put around the text. */
  specialTokens: z.boolean(),
  /** The input that takes 1 for each token. */
  attentionMask: z.string().optional(),
  /** The input that takes 0 for each token. */
  tokenTypes: z.string().optional(),
  lengths: lengths.optional(),
});
export type BundledTokenizerRecipe = z.infer<typeof bundledTokenizerRecipe>;

/**
 * Like 1 with its case kept, and a token that is not in the vocabulary has the id of its shape: the first whose pattern
 * matches all of it, from its start and taking as much as it can; `unknownId` where none does.
 */
const shapedVocabularyRecipe = z.strictObject({
  ...ofEveryText,
  recipe: z.literal(3),
  pattern,
  unknownId: id,
  shapes: z.array(z.strictObject({ pattern, id })).max(64),
  lengths,
  vocabulary,
});
export type VocabularyRecipe = z.infer<typeof vocabularyRecipe> | z.infer<typeof shapedVocabularyRecipe>;

export type TextRecipe = VocabularyRecipe | BundledTokenizerRecipe;

/** How what callers send becomes tensors. A number that is given out keeps its meaning for ever. */
export const recipeSchema = z.discriminatedUnion("kind", [
  imageRecipe,
  z.discriminatedUnion("recipe", [vocabularyRecipe, bundledTokenizerRecipe, shapedVocabularyRecipe]),
]);
type Recipe = z.infer<typeof recipeSchema>;

/** The inputs of the graph that a recipe fills. */
export function inputsFilledBy(recipe: Recipe): string[] {
  if (recipe.kind === "image") return [recipe.tensor];
  const others = recipe.recipe === 2 ? [recipe.attentionMask, recipe.tokenTypes, recipe.lengths] : [recipe.lengths];
  return [recipe.tensor, ...others.filter((name) => name !== undefined)];
}
