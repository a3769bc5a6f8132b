import type { TextRecipe, VocabularyRecipe } from "../models/recipes.ts";
import { BundledTokenizer } from "./bundled-tokenizer.ts";
import type { EncodedText, TextTokenizer } from "./encoded-text.ts";
import { lowerCased, samePlace, type TokenPlace } from "./lower-case.ts";

const tokenizers = new WeakMap<TextRecipe, TextTokenizer>();

/** The tokenizer of a recipe, made once: a vocabulary of thousands of words is not looked through for every text. */
export function tokenizerOf(recipe: TextRecipe): TextTokenizer {
  let tokenizer = tokenizers.get(recipe);
  if (tokenizer === undefined) {
    tokenizer = recipe.recipe === 2 ? new BundledTokenizer(recipe) : new VocabularyTokenizer(recipe);
    tokenizers.set(recipe, tokenizer);
  }
  return tokenizer;
}

/** Turns texts into token ids as the recipe says: split by the pattern, looked up, cut at the maximum. */
export class VocabularyTokenizer implements TextTokenizer {
  readonly unknownId: bigint;
  readonly #recipe: VocabularyRecipe;
  readonly #pattern: RegExp;
  readonly #shapes: { pattern: RegExp; id: bigint }[];
  readonly #ids: ReadonlyMap<string, bigint>;

  constructor(recipe: VocabularyRecipe) {
    const { firstId, words } = recipe.vocabulary;
    const shapes = recipe.recipe === 3 ? recipe.shapes : [];
    this.#recipe = recipe;
    this.#pattern = new RegExp(recipe.pattern, "gu");
    this.#shapes = shapes.map(({ pattern, id }) => ({ pattern: new RegExp(pattern, "uy"), id: BigInt(id) }));
    this.unknownId = BigInt(recipe.unknownId);
    this.#ids = new Map(words.map((word, i) => [word, BigInt(firstId + i)]));
  }

  encode(text: string): EncodedText {
    const { maxTokens } = this.#recipe;
    const ids = new BigInt64Array(maxTokens);
    const read = this.#isLowerCased ? text.toLowerCase() : text;
    let tokens = 0;
    let truncated = false;
    // One match at a time: a text of a million words costs no more than the tokens that count, and one.
    for (const [word] of read.matchAll(this.#pattern)) {
      truncated = tokens === maxTokens;
      if (truncated) break;
      ids[tokens++] = this.#ids.get(word) ?? this.#idOfShape(word);
    }
    return { ids: ids.slice(0, tokens), truncated, places: () => this.#placesIn(text, tokens) };
  }

  get #isLowerCased(): boolean {
    return this.#recipe.recipe === 1 && this.#recipe.lowercase;
  }

  #idOfShape(word: string): bigint {
    for (const { pattern, id } of this.#shapes) {
      pattern.lastIndex = 0;
      if (pattern.test(word) && pattern.lastIndex === word.length) return id;
    }
    return this.unknownId;
  }

  // Walked again, and only for those who ask: most texts are classified, and nobody wants to know where a word stood.
  #placesIn(text: string, tokens: number): TokenPlace[] {
    const { text: read, placeOf } = this.#isLowerCased ? lowerCased(text) : { text, placeOf: samePlace };
    const places: TokenPlace[] = [];
    for (const match of read.matchAll(this.#pattern)) {
      if (places.length === tokens) break;
      places.push(placeOf(match.index, match.index + match[0].length));
    }
    return places;
  }
}
