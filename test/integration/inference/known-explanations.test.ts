import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestGateway, type TestGateway, type TestTenant } from "../../support/gateway.ts";
import { logarithm, modelsFolder, together, tokenScores, weighted } from "../../support/models-folder.ts";

// Graphs so small that what every method must say of them is known beforehand, asked through the whole gateway.
let gateway: TestGateway;
let tenant: TestTenant;

beforeAll(async () => {
  const folder = await modelsFolder([weighted, together, tokenScores, logarithm]);
  gateway = await startTestGateway({ MODELS_DIR: folder });
  tenant = await gateway.createTenant();
});

afterAll(async () => {
  await gateway.close();
});

const fields =
  "method target baseline evaluations samples seed parts values tokens { text start end value } heatMap completeness { sum expected error }";
const usedInputs = async () => (await tenant.key.ask("{ limits { used } }")).data.limits[0].used;

async function explanationOf(model: string, input: Record<string, unknown>, explain: Record<string, unknown>) {
  const answer = await tenant.key.infer(
    { model, inputs: [input], explain },
    `outputs { explanation { ${fields} } } usage { quantity }`,
  );
  expect(answer.errors).toEqual([]);
  const [{ explanation }] = answer.data.infer.outputs;
  expect(answer.data.infer.usage).toEqual([{ quantity: 1 + explanation.evaluations }]);
  const values = [...new Float32Array(new Uint8Array(Buffer.from(explanation.values.data, "base64")).buffer)];
  return { ...explanation, values, shape: explanation.values.shape };
}

const six = { tensor: [2, -1, 4, 7, 8, 9] };
const everyMethod = [
  ["OCCLUSION", {}],
  ["INTEGRATED_GRADIENTS", {}],
  ["SHAP", { samples: 62 }],
] as const;

describe("of a weighted sum each number has its weight times its distance from the baseline, and what weighs nothing has nothing, by", () => {
  test.each(everyMethod)("%s", async (method, rest) => {
    const explanation = await explanationOf("weighted", six, { method, ...rest });
    expect(explanation).toMatchObject({
      target: "0",
      baseline: "0",
      parts: 6,
      shape: [6],
      heatMap: null,
      tokens: null,
    });
    for (const [i, value] of [3, 2, 1, 0, 0, 0].entries()) expect(explanation.values[i]).toBeCloseTo(value, 3);
    expect(explanation.completeness.error).toBeCloseTo(0, 3);
    expect(explanation.completeness.expected).toBeCloseTo(6, 5);
  });

  test.each(everyMethod)("%s, from another baseline", async (method, rest) => {
    const explanation = await explanationOf("weighted", six, { method, baseline: 1, ...rest });
    for (const [i, value] of [1.5, 4, 0.75, 0, 0, 0].entries()) expect(explanation.values[i]).toBeCloseTo(value, 3);
    expect(explanation.baseline).toBe("1");
  });
});

describe("two numbers that only count together share what they bring evenly, by", () => {
  test.each([
    ["INTEGRATED_GRADIENTS", {}, 3],
    ["SHAP", { samples: 62 }, 3],
    // Without either of them all of it is lost: that is why occlusion does not add up.
    ["OCCLUSION", {}, 6],
  ] as const)("%s", async (method, rest, each) => {
    const { values } = await explanationOf("together", { tensor: [2, 3, 0.5, 1, 1, 1] }, { method, ...rest });
    expect(values[0]).toBeCloseTo(each, 3);
    expect(values[1]).toBeCloseTo(each, 3);
    expect(values[2]).toBeCloseTo(Math.tanh(0.5), 2);
    for (const value of values.slice(3)) expect(value).toBeCloseTo(0, 4);
  });
});

test("attention is what the graph itself weighed its tokens with, and costs nothing more", async () => {
  const explanation = await explanationOf("token-scores", { text: "one TWO three" }, { method: "ATTENTION" });
  expect(explanation).toMatchObject({ baseline: "none", evaluations: 0, completeness: null, shape: [3] });
  expect(explanation.tokens.map(({ text }: { text: string }) => text)).toEqual(["one", "TWO", "three"]);
  for (const [i, share] of [2, 3, 4].entries()) expect(explanation.values[i]).toBeCloseTo(share / 9, 6);
});

test("a token's label is explained by that token alone, where no other one has a say", async () => {
  const probability = 1 / (1 + Math.exp(-3));
  const explanation = await explanationOf("token-scores", { text: "one two three" }, { method: "OCCLUSION", token: 1 });
  expect(explanation).toMatchObject({ target: "right", baseline: "the unknown token", parts: 3 });
  for (const [i, value] of [0, probability - 0.5, 0].entries()) expect(explanation.values[i]).toBeCloseTo(value, 5);
});

test("of all tokens together the mean is explained, for whatever label is asked", async () => {
  const [one, two] = [1 / (1 + Math.exp(2)) - 0.5, 1 / (1 + Math.exp(-3)) - 0.5];
  const explanation = await explanationOf("token-scores", { text: "one two" }, { method: "SHAP", target: "right" });
  expect(explanation).toMatchObject({ evaluations: 3, samples: 256, seed: 0 });
  for (const [i, value] of [one / 2, two / 2].entries()) expect(explanation.values[i]).toBeCloseTo(value, 5);
});

test("the same request has the same bits, and another seed others", async () => {
  const twelve = { tensor: [2, 3, 0.5, 1, 1, 1] };
  const asked = async (seed: number) => await explanationOf("together", twelve, { method: "SHAP", samples: 16, seed });
  const [first, again, other] = [await asked(5), await asked(5), await asked(6)];
  expect(again).toEqual(first);
  expect(first.seed).toBe(5);
  expect(other.values).not.toEqual(first.values);
});

test("tokens stand where they stood in the text that was sent, whatever its letters", async () => {
  const text = "\u{1F600} \u0130one e\u0301 two-THREE";
  const answer = await tenant.key.infer(
    { model: "token-scores", inputs: [{ text }, { tensor: [2, 3] }] },
    "outputs { label score scores { label score } tokens { text start end label score } truncated }",
  );
  const [read, ids] = answer.data.infer.outputs;
  // The dot over the capital I becomes a letter of its own in lower case, and parts it from the word.
  expect(read.tokens.map(({ text: word }: { text: string }) => word)).toEqual(["\u0130", "one", "e", "two", "THREE"]);
  for (const { text: word, start, end } of read.tokens) expect(text.slice(start, end)).toBe(word);
  expect(read.tokens.map(({ label }: { label: string }) => label)).toEqual(["left", "left", "left", "right", "left"]);
  expect(read).toMatchObject({ label: "left", score: 0.8, scores: [{ label: "left", score: 0.8 }] });
  expect(ids.tokens).toMatchObject([
    { text: null, start: null, end: null, label: "left" },
    { text: null, start: null, end: null, label: "right" },
  ]);
  expect(ids.tokens[1].score).toBeCloseTo(1 / (1 + Math.exp(-3)), 6);
});

test("a model without labels answers its numbers", async () => {
  const answer = await tenant.key.infer(
    { model: "weighted", inputs: [six] },
    "outputs { label score scores { label } tokens { label } tensors { name tensor } }",
  );
  const [output] = answer.data.infer.outputs;
  expect(output).toMatchObject({ label: "", score: 0, scores: [], tokens: null });
  expect(output.tensors).toEqual([
    {
      name: "y",
      tensor: { dtype: "float32", shape: [], data: Buffer.from(Float32Array.of(6).buffer).toString("base64") },
    },
  ]);
});

describe("what cannot be explained is refused with one error, and nothing is charged:", () => {
  const words = { text: "one two" };
  test.each([
    [
      "attention that the graph does not have",
      "weighted",
      six,
      { method: "ATTENTION" },
      /does not give its attention away/,
    ],
    ["gradients of words", "token-scores", words, { method: "INTEGRATED_GRADIENTS" }, /use OCCLUSION or SHAP/],
    ["an output that is not there", "weighted", six, { method: "SHAP", outputIndexes: [1] }, /the places are 0 to 0/],
    ["a negative place", "weighted", six, { method: "SHAP", outputIndexes: [-1] }, /the places are 0 to 0/],
    ["no output", "weighted", six, { method: "SHAP", outputIndexes: [] }, /outputIndexes is empty/],
    ["too few samples", "weighted", six, { method: "SHAP", samples: 15 }, /samples is 15; SHAP takes 16 to 4096/],
    ["too many samples", "weighted", six, { method: "SHAP", samples: 4_097 }, /samples is 4097/],
    ["too many steps", "weighted", six, { method: "INTEGRATED_GRADIENTS", samples: 33 }, /takes 2 to 32/],
    ["samples of what has none", "weighted", six, { method: "OCCLUSION", samples: 20 }, /samples is not for OCCLUSION/],
    [
      "a label that it does not have",
      "token-scores",
      words,
      { method: "SHAP", target: "up" },
      /no label of token-scores/,
    ],
    ["a number that it does not have", "weighted", six, { method: "SHAP", target: "1" }, /the place of a number/],
    [
      "a token that is not there",
      "token-scores",
      words,
      { method: "SHAP", token: 2 },
      /token is 2; the text has 2 tokens/,
    ],
    ["a token of numbers", "weighted", six, { method: "SHAP", token: 0 }, /for models that label tokens/],
  ] as const)("%s", async (...[, model, input, explain, says]) => {
    const before = await usedInputs();
    const answer = await tenant.key.infer({ model, inputs: [input], explain });
    expect(answer.data).toBeNull();
    expect(answer.errors).toHaveLength(1);
    expect(answer.errors[0]?.extensions.code).toBe("INVALID_INPUT");
    expect(answer.errors[0]?.message).toMatch(says);
    expect(await usedInputs()).toBe(before);
  });

  test("an answer that is no number as soon as its input is changed", async () => {
    const before = await usedInputs();
    const answer = await tenant.key.infer({
      model: "logarithm",
      inputs: [
        { tensor: { dtype: "float32", shape: [1], data: Buffer.from(Float32Array.of(2).buffer).toString("base64") } },
      ],
      explain: { method: "OCCLUSION" },
    });
    expect(answer.errors).toHaveLength(1);
    expect(answer.errors[0]?.extensions.code).toBe("MODEL_FAILED");
    expect(answer.errors[0]?.message).toMatch(/broke on one that was changed to explain them/);
    expect(await usedInputs()).toBe(before);
  });
});
