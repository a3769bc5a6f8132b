import type { TextRecipe } from "../models/manifest.ts";

/** A text as the graph takes it. `tokens` is how many ids there are; `truncated` says whether the text had more. */
export interface EncodedText {
  ids: BigInt64Array;
  tokens: number;
  truncated: boolean;
}

/** Turns texts into token ids as the recipe says: lower-cased, split by the pattern, looked up, cut at the maximum. */
export class VocabularyTokenizer {
  readonly #recipe: TextRecipe;
  readonly #pattern: RegExp;
  readonly #unknownId: bigint;
  readonly #ids: ReadonlyMap<string, bigint>;

  constructor(recipe: TextRecipe) {
    const { firstId, words } = recipe.vocabulary;
    this.#recipe = recipe;
    this.#pattern = new RegExp(recipe.pattern, "gu");
    this.#unknownId = BigInt(recipe.unknownId);
    this.#ids = new Map(words.map((word, i) => [word, BigInt(firstId + i)]));
  }

  encode(text: string): EncodedText {
    const { lowercase, maxTokens } = this.#recipe;
    const ids = new BigInt64Array(maxTokens);
    let tokens = 0;
    // One match at a time: a text of a million words costs no more than the tokens that count, and one.
    for (const [word] of (lowercase ? text.toLowerCase() : text).matchAll(this.#pattern)) {
      if (tokens === maxTokens) return { ids, tokens, truncated: true };
      ids[tokens++] = this.#ids.get(word) ?? this.#unknownId;
    }
    return { ids: ids.slice(0, tokens), tokens, truncated: false };
  }
}
