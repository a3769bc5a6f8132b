import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { parseManifest } from "../../../src/domains/models/manifest.ts";
import { completed, type TestManifest, tokenScores, weighted } from "../../support/models-folder.ts";

const root = path.resolve(import.meta.dirname, "../../..");

test.each(["digits", "mail", "mail-attention", "tags"])("the manifest of %s is taken", (name) => {
  const json: unknown = JSON.parse(readFileSync(path.join(root, "models", name, "1", "manifest.json"), "utf8"));
  expect(parseManifest(json)).toHaveProperty("manifest");
});

test("a model of plain numbers needs neither a recipe nor labels", () => {
  expect(parseManifest(completed(weighted))).toMatchObject({ manifest: { labels: [], task: "TENSOR" } });
});

const recipe = (change: Record<string, unknown>) => ({
  ...tokenScores,
  rest: { ...tokenScores.rest, preprocessing: { ...(tokenScores.rest["preprocessing"] as object), ...change } },
});
const rest = (manifest: TestManifest, change: Record<string, unknown>) => ({
  ...manifest,
  rest: { ...manifest.rest, ...change },
});

describe("a manifest that contradicts itself is told how:", () => {
  test.each([
    ["an output that is not there", rest(weighted, { output: { tensor: "z", semantics: "VALUES" } }), 'no output "z"'],
    ["values with labels", rest(weighted, { labels: ["a"] }), "VALUES have no labels"],
    ["scores without labels", rest(tokenScores, { labels: [] }), "LOGITS need a label each"],
    [
      "a classifier of values",
      rest(tokenScores, { labels: [], output: { tensor: "logits", semantics: "VALUES" } }),
      "TOKEN_CLASSIFICATION answers PROBABILITIES or LOGITS",
    ],
    ["one label too many", rest(tokenScores, { labels: ["a", "b", "c"] }), 'there are 3, and "logits" has 2 scores'],
    ["tokens without a recipe", rest(tokenScores, { preprocessing: undefined }), "TOKEN_CLASSIFICATION needs a recipe"],
    ["a recipe of another kind", { ...tokenScores, task: "IMAGE_CLASSIFICATION" }, 'needs a recipe of kind "image"'],
    ["an input that is not there", recipe({ tensor: "ids" }), 'no input "ids"'],
    [
      "token ids that are no int64",
      { ...tokenScores, inputs: tokenScores.inputs.map((input) => ({ ...input, dtype: "int32" })) },
      "token ids are int64",
    ],
    [
      "an answer that is not as long as the text",
      {
        ...tokenScores,
        outputs: tokenScores.outputs.map((output) => ({
          ...output,
          shape: output.shape.map((d) => (d === "sequence" ? "n" : d)),
        })),
      },
      "a score per token and label",
    ],
    ["attention that is no output", rest(tokenScores, { attention: { tensor: "logits" } }), "a weight per token"],
    ["attention of what has no tokens", rest(weighted, { attention: { tensor: "y" } }), 'only a recipe of kind "text"'],
    ["a pattern that backtracks", recipe({ pattern: "(a+)+$" }), "the pattern has an anchor"],
    [
      "a shape that backtracks",
      recipe({ recipe: 3, shapes: [{ pattern: "(?:a+)+b", id: 2 }], lowercase: undefined }),
      "the pattern goes on",
    ],
  ] as const)("%s", (_name, manifest, problem) => {
    expect(parseManifest(JSON.parse(JSON.stringify(completed(manifest))))).toEqual({
      problem: expect.stringContaining(problem),
    });
  });
});
