import { expect, test } from "vitest";
import { VocabularyTokenizer } from "../../../src/domains/inference/tokenizer.ts";
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
