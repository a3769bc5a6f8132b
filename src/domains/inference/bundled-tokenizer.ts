import { Tokenizer } from "@huggingface/tokenizers";
import type { BundledTokenizerRecipe } from "../models/recipes.ts";
import { asByteLetters, spaceAsByteLetter } from "./byte-letters.ts";
import type { EncodedText, TextTokenizer } from "./encoded-text.ts";
import type { TokenPlace } from "./lower-case.ts";
import { alignTokens, normalized, type ReadText } from "./token-alignment.ts";

/** Text beyond this is not looked at: no version reads as many tokens, and the work is done on the gateway's one thread. */
const maxCharacters = 100_000;

/** A tokenizer as it came with the version, in Hugging Face's format; run by their own library, and located by us. */
export class BundledTokenizer implements TextTokenizer {
  readonly unknownId: bigint;
  readonly #recipe: BundledTokenizerRecipe;
  readonly #tokenizer: Tokenizer;
  /** The special tokens that stand before and behind a text. */
  readonly #before: readonly number[];
  readonly #behind: readonly number[];

  constructor(recipe: BundledTokenizerRecipe) {
    this.#recipe = recipe;
    // Nothing is ever decoded here, and a decoder can hold a regular expression of its own.
    this.#tokenizer = new Tokenizer({ ...recipe.tokenizer, decoder: null }, {});
    [this.#before, this.#behind] = recipe.specialTokens ? this.#specialTokens() : [[], []];
    this.unknownId = BigInt(this.#findUnknownId());
  }

  encode(text: string): EncodedText {
    const read = text.slice(0, maxCharacters);
    const { ids, tokens } = this.#run(read, { withSpecialTokens: false });
    const fitting = Math.max(0, this.#recipe.maxTokens - this.#before.length - this.#behind.length);
    const own = ids.slice(0, fitting);
    const all = own.length === 0 ? [] : [...this.#before, ...own, ...this.#behind];
    return {
      ids: BigInt64Array.from(all, BigInt),
      truncated: ids.length > fitting || read.length < text.length,
      places: () => [
        ...this.#before.map(() => undefined),
        ...this.#placesOf(read, tokens.slice(0, fitting)),
        ...this.#behind.map(() => undefined),
      ],
    };
  }

  #run(text: string, { withSpecialTokens }: { withSpecialTokens: boolean }): { ids: number[]; tokens: string[] } {
    return this.#tokenizer.encode(text, { add_special_tokens: withSpecialTokens });
  }

  #placesOf(text: string, tokens: readonly string[]): TokenPlace[] {
    const { normalizer } = this.#tokenizer;
    const plain = normalized(text, (part) => (normalizer === null ? part : normalizer(part)));
    if (this.#uses("ByteLevel")) {
      return alignTokens(asByteLetters(plain), tokens, {
        isSpace: (letter) => letter === spaceAsByteLetter,
        isUnknownByWord: false,
      });
    }
    const read = this.#uses("Metaspace") ? withMetaspaces(plain) : plain;
    const isUnknownByWord = this.#recipe.tokenizer.model.type === "WordPiece";
    return alignTokens(
      read,
      tokens.map((token) => this.#lettersOf(token)),
      { isSpace, isUnknownByWord },
    );
  }

  #lettersOf(token: string): string | undefined {
    const { model } = this.#recipe.tokenizer;
    if (token === model.unk_token) return undefined;
    const prefix = model.type === "WordPiece" ? (model.continuing_subword_prefix ?? "##") : "";
    const isContinued = prefix !== "" && token.startsWith(prefix) && token.length > prefix.length;
    return isContinued ? token.slice(prefix.length) : token;
  }

  #uses(type: "ByteLevel" | "Metaspace"): boolean {
    const { pre_tokenizer: splitting } = this.#recipe.tokenizer;
    if (splitting === null) return false;
    if (splitting.type !== "Sequence") return splitting.type === type;
    const parts = splitting["pretokenizers"];
    return Array.isArray(parts) && parts.some((part) => part.type === type);
  }

  /** Told by a text of one letter: what is put around it is put around every text. */
  #specialTokens(): [number[], number[]] {
    const bare = this.#run("a", { withSpecialTokens: false }).ids;
    const full = this.#run("a", { withSpecialTokens: true }).ids;
    const at = full.findIndex((_, start) => bare.every((id, i) => full[start + i] === id));
    return at < 0 ? [[], []] : [full.slice(0, at), full.slice(at + bare.length)];
  }

  #findUnknownId(): number {
    const { model, added_tokens: added } = this.#recipe.tokenizer;
    const named = model.unk_token ?? undefined;
    const byName = named === undefined ? undefined : this.#tokenizer.token_to_id(named);
    const mask = added.find(({ content }) => content === "[MASK]" || content === "<mask>")?.id;
    return byName ?? model.unk_id ?? mask ?? this.#recipe.paddingId;
  }
}

const metaspace = "\u2581";

function withMetaspaces({ text, places }: ReadText): ReadText {
  return { text: text.replaceAll(" ", metaspace), places };
}

function isSpace(letter: string): boolean {
  return letter === metaspace || /\s/u.test(letter);
}
