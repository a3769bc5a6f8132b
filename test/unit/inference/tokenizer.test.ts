import { describe, expect, test } from "vitest";
import { tokenizerOf, VocabularyTokenizer } from "../../../src/domains/inference/tokenizer.ts";
import type { VocabularyRecipe } from "../../../src/domains/models/recipes.ts";
import { bundledModel } from "../../support/tiny-models.ts";

const recipe: VocabularyRecipe = {
  kind: "text",
  recipe: 1,
  lowercase: true,
  pattern: "[a-z]+(?:'[a-z]+)?|[0-9]+|[$!?%]",
  maxTokens: 4,
  unknownId: 1,
  paddingId: 0,
  tensor: "token_ids",
  lengths: "lengths",
  vocabulary: { firstId: 2, words: ["don't", "pay", "100", "$"] },
};
const tokenizer = new VocabularyTokenizer(recipe);

test("the texts of the golden samples give the ids they were trained with", async () => {
  const { manifest } = await bundledModel("mail");
  if (manifest.preprocessing?.kind !== "text" || manifest.preprocessing.recipe === 2)
    throw new Error("mail takes texts");
  const ofMail = new VocabularyTokenizer(manifest.preprocessing);
  for (const { input, tensors } of manifest.golden.samples) {
    if (input === undefined || !("text" in input)) throw new Error("a sample without its text");
    const { ids } = ofMail.encode(input.text);
    expect(Buffer.from(ids.buffer, ids.byteOffset, ids.byteLength).toString("base64")).toBe(tensors["token_ids"]?.data);
  }
});

test.each([
  ["Don't PAY $100", [2, 3, 5, 4], false],
  ["never pay", [1, 3], false],
  ["don't pay $100!", [2, 3, 5, 4], true],
  ["", [], false],
  [" -- \n ä", [], false],
  ["dön't", [1, 1], false],
])("%j is %j, cut: %j", (text, ids, truncated) => {
  expect(tokenizer.encode(text)).toMatchObject({ ids: BigInt64Array.from(ids.map(BigInt)), truncated });
});

test("a text of a million words builds no more tokens than count", () => {
  const { ids, truncated } = tokenizer.encode("pay ".repeat(1_000_000));
  expect([ids.buffer.byteLength, truncated]).toEqual([32, true]);
});

test("tokens are found where they stood in the text, in UTF-16 code units", () => {
  const text = "\u{1F600}PAY \u0130100 don't";
  const { ids, places } = tokenizer.encode(text);
  const found = places().map((place) => place && text.slice(place.start, place.end));
  expect(ids).toHaveLength(found.length);
  // The dot over the capital I becomes a letter of its own in lower case; the `i` before it stands where the I stood.
  expect(found).toEqual(["PAY", "\u0130", "100", "don't"]);
});

describe("a token that is not in the vocabulary has the id of its shape", () => {
  const shaped = new VocabularyTokenizer({
    kind: "text",
    recipe: 3,
    pattern: "[A-Za-z]+|[0-9]+|[!-/]",
    maxTokens: 8,
    unknownId: 1,
    paddingId: 0,
    shapes: [
      { pattern: "(?:19|20)[0-9]{2}", id: 2 },
      { pattern: "[0-9]+", id: 3 },
      { pattern: "[A-Z]", id: 4 },
      { pattern: "[A-Z][a-z]+", id: 5 },
    ],
    tensor: "token_ids",
    lengths: "lengths",
    vocabulary: { firstId: 6, words: ["Mark", "mark"] },
  });

  test.each([
    ["Mark mark", [6, 7]],
    ["Markus MARK", [5, 1]],
    ["2002 20021 1 1899", [2, 3, 3, 3]],
    ["A AB", [4, 1]],
    ["!", [1]],
  ])("%j", (text, ids) => {
    expect([...shaped.encode(text).ids].map(Number)).toEqual(ids);
  });

  test("and the texts of the golden samples give the ids they were trained with", async () => {
    const { manifest } = await bundledModel("tags");
    if (manifest.preprocessing?.kind !== "text") throw new Error("tags takes texts");
    const ofTags = tokenizerOf(manifest.preprocessing);
    for (const { input, tensors } of manifest.golden.samples) {
      if (input === undefined || !("text" in input)) throw new Error("a sample without its text");
      const { ids } = ofTags.encode(input.text);
      expect(Buffer.from(ids.buffer, ids.byteOffset, ids.byteLength).toString("base64")).toBe(
        tensors["token_ids"]?.data,
      );
    }
  });
});
