import { describe, expect, test } from "vitest";
import { tokenizerOf } from "../../../src/domains/inference/tokenizer.ts";
import { recipeSchema, type TextRecipe } from "../../../src/domains/models/recipes.ts";

/** The recipe of a `tokenizer.json`, as a manifest carries it. */
function recipeOf(tokenizer: Record<string, unknown>, rest: Record<string, unknown> = {}): TextRecipe {
  const parsed = recipeSchema.parse({
    kind: "text",
    recipe: 2,
    maxTokens: 16,
    paddingId: 0,
    tensor: "input_ids",
    attentionMask: "attention_mask",
    specialTokens: true,
    tokenizer,
    ...rest,
  });
  if (parsed.kind !== "text") throw new Error("it is a recipe for texts");
  return parsed;
}

const special = (content: string, id: number) => ({
  id,
  content,
  special: true,
  normalized: false,
  single_word: false,
  lstrip: false,
  rstrip: false,
});
const words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "play", "##ing", "##s", "cafe", "a", "!", "##e"];
const wordPiece = {
  added_tokens: [special("[PAD]", 0), special("[UNK]", 1), special("[CLS]", 2), special("[SEP]", 3)],
  normalizer: {
    type: "BertNormalizer",
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
  },
  pre_tokenizer: { type: "BertPreTokenizer" },
  post_processor: {
    type: "TemplateProcessing",
    single: [
      { SpecialToken: { id: "[CLS]", type_id: 0 } },
      { Sequence: { id: "A", type_id: 0 } },
      { SpecialToken: { id: "[SEP]", type_id: 0 } },
    ],
    pair: [],
    special_tokens: {
      "[CLS]": { id: "[CLS]", ids: [2], tokens: ["[CLS]"] },
      "[SEP]": { id: "[SEP]", ids: [3], tokens: ["[SEP]"] },
    },
  },
  model: {
    type: "WordPiece",
    unk_token: "[UNK]",
    continuing_subword_prefix: "##",
    max_input_chars_per_word: 100,
    vocab: Object.fromEntries(words.map((word, id) => [word, id])),
  },
};
const byteLevel = {
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
  post_processor: null,
  model: {
    type: "BPE",
    unk_token: null,
    vocab: Object.fromEntries(
      [
        "h",
        "e",
        "l",
        "o",
        "\u0120",
        "he",
        "ll",
        "hell",
        "hello",
        "\u0120h",
        "\u00f0",
        "\u0141",
        "\u013a",
        "\u0122",
      ].map((token, id) => [token, id]),
    ),
    merges: ["h e", "l l", "he ll", "hell o", "\u0120 h"],
  },
};

/** Its token ids, and what stands in the text where each was found. */
function read(recipe: TextRecipe, text: string): [number[], (string | undefined)[]] {
  const { ids, places } = tokenizerOf(recipe).encode(text);
  return [[...ids].map(Number), places().map((place) => place && text.slice(place.start, place.end))];
}

describe("word pieces", () => {
  const recipe = recipeOf(wordPiece);
  test.each([
    ["Playing plays!", [2, 4, 5, 4, 6, 9, 3], ["Play", "ing", "play", "s", "!"]],
    ["  CAF\u00c9 a", [2, 7, 8, 3], ["CAF\u00c9", "a"]],
    ["cafe\u0301", [2, 7, 3], ["cafe\u0301"]],
    ["zebra a", [2, 1, 8, 3], ["zebra", "a"]],
    ["zebra!", [2, 1, 9, 3], ["zebra", "!"]],
    ["\u{1F600} a", [2, 1, 8, 3], ["\u{1F600}", "a"]],
    ["\u0130 a", [2, 1, 8, 3], ["\u0130", "a"]],
  ])("of %j are found where they stand", (text, ids, standing) => {
    expect(read(recipe, text)).toEqual([ids, [undefined, ...standing, undefined]]);
  });

  test("are cut so that the special tokens still stand around them", () => {
    const short = recipeOf(wordPiece, { maxTokens: 4 });
    const { ids, truncated, places } = tokenizerOf(short).encode("a a a a");
    expect([[...ids].map(Number), truncated]).toEqual([[2, 8, 8, 3], true]);
    expect(places()).toHaveLength(4);
  });

  test("of a text of nothing are none", () => {
    expect(tokenizerOf(recipe).encode(" \n ").ids).toHaveLength(0);
  });

  test("are taken away by what the tokenizer itself calls unknown", () => {
    expect(tokenizerOf(recipe).unknownId).toBe(1n);
  });
});

describe("bytes in pairs", () => {
  const recipe = recipeOf(byteLevel, { specialTokens: false });
  test.each([
    ["hello hello", [8, 4, 8], ["hello", " ", "hello"]],
    ["\u{1F600}", [10, 11, 12, 13], ["\u{1F600}", "\u{1F600}", "\u{1F600}", "\u{1F600}"]],
  ])("of %j are found where they stand", (text, ids, standing) => {
    expect(read(recipe, text)[1]).toEqual(standing);
    expect(read(recipe, text)[0]).toHaveLength(ids.length);
  });
});

test("a text far longer than any version reads is looked at only so far", () => {
  const { ids, truncated } = tokenizerOf(recipeOf(wordPiece)).encode("a ".repeat(500_000));
  expect([ids.length, truncated]).toEqual([16, true]);
});

describe("a tokenizer that runs a regular expression of its own is refused:", () => {
  const evil = { Regex: "(a+)+$" };
  test.each([
    [
      "a splitter",
      { ...wordPiece, pre_tokenizer: { type: "Split", pattern: evil, behavior: "Isolated", invert: false } },
    ],
    [
      "a splitter among others",
      { ...wordPiece, pre_tokenizer: { type: "Sequence", pretokenizers: [{ type: "Split", pattern: evil }] } },
    ],
    ["a replacer", { ...wordPiece, normalizer: { type: "Replace", pattern: evil, content: "" } }],
    ["an unknown model", { ...wordPiece, model: { type: "Oracle" } }],
  ])("%s", (_name, tokenizer) => {
    expect(() => recipeOf(tokenizer)).toThrow(/Invalid/);
  });
});
