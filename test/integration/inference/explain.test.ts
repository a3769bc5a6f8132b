import { readFileSync } from "node:fs";
import path from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { startTestGateway, type TestGateway, type TestTenant } from "../../support/gateway.ts";
import { bundledModel } from "../../support/tiny-models.ts";

const examples = path.resolve(import.meta.dirname, "../../../examples");
let gateway: TestGateway;
let tenant: TestTenant;

beforeAll(async () => {
  gateway = await startTestGateway();
  tenant = await gateway.createTenant();
});

afterAll(async () => {
  await gateway.close();
});

const digit = { image: readFileSync(path.join(examples, "digits", "73-7.png"), "base64") };
const mail = { text: "Free money!!! Click here to claim your prize" };
const explanation =
  "method target baseline evaluations samples seed parts values tokens { text start end value } heatMap completeness { sum expected error }";
const usedInputs = async () => (await tenant.key.ask("{ limits { used } }")).data.limits[0].used;

async function explained(input: Record<string, unknown>) {
  const answer = await tenant.key.infer(
    input,
    `outputs { label score explanation { ${explanation} } } usage { quantity }`,
  );
  expect(answer.errors).toEqual([]);
  return answer.data.infer;
}

function floatsOf(tensor: { data: string }): Float32Array {
  return new Float32Array(new Uint8Array(Buffer.from(tensor.data, "base64")).buffer);
}

describe("explain", () => {
  test("shows by occlusion which patches of a digit carried its label, charged as it was told before", async () => {
    const cost = await tenant.key.ask(
      "query($input: ExplainCostInput!) { explainCost(input: $input) { inputs evaluations quantity } }",
      { input: { model: "digits", inputs: [digit, digit], explain: { method: "OCCLUSION", outputIndexes: [0] } } },
    );
    expect(cost.data.explainCost).toEqual({ inputs: 2, evaluations: 20, quantity: 22 });
    const before = await usedInputs();
    const { outputs, usage } = await explained({
      model: "digits",
      inputs: [digit, digit],
      explain: { method: "OCCLUSION", outputIndexes: [0] },
    });
    expect(usage).toEqual([{ quantity: 22 }]);
    expect(await usedInputs()).toBe(before + 22);
    expect(outputs[1].explanation).toBeNull();
    const first = outputs[0].explanation;
    expect(first).toMatchObject({
      method: "OCCLUSION",
      target: "7",
      baseline: "0",
      evaluations: 20,
      parts: 19,
      seed: null,
    });
    expect(first.values).toMatchObject({ dtype: "float32", shape: [28, 28] });
    const values = floatsOf(first.values);
    expect(Math.max(...values)).toBeGreaterThan(0);
    // The margin is black already: taking it away changes nothing, and is neither asked nor charged.
    expect([...values.subarray(0, 28 * 4)].every((value) => value === 0)).toBe(true);
    const { width, height, format } = await sharp(Buffer.from(first.heatMap, "base64")).metadata();
    expect({ width, height, format }).toEqual({ width: 224, height: 224, format: "png" });
    const { sum, expected, error } = first.completeness;
    expect(error).toBeCloseTo(sum - expected, 12);
    expect(expected).toBeLessThanOrEqual(outputs[0].score);
  });

  test("integrates gradients along the way from black to the digit, which add up to its score", async () => {
    const { outputs, usage } = await explained({
      model: "digits",
      inputs: [digit],
      explain: { method: "INTEGRATED_GRADIENTS", samples: 16, target: "7" },
    });
    expect(usage).toEqual([{ quantity: 1 + 2 * 19 * 16 + 1 }]);
    const { completeness, samples } = outputs[0].explanation;
    expect(samples).toBe(16);
    expect(Math.abs(completeness.error)).toBeLessThan(0.05);
    expect(completeness.expected).toBeGreaterThan(0.5);
  });

  test("shares a mail's score out among its words by SHAP, exactly, and says where they stand", async () => {
    const { outputs } = await explained({
      model: "mail",
      inputs: [mail],
      explain: { method: "SHAP", samples: 1_000 },
    });
    const { tokens, completeness, parts, target, heatMap } = outputs[0].explanation;
    expect(target).toBe(outputs[0].label);
    expect(heatMap).toBeNull();
    expect(parts).toBe(tokens.length);
    for (const { text, start, end } of tokens) expect(mail.text.slice(start, end)).toBe(text);
    expect(completeness.error).toBeCloseTo(0, 5);
  });

  test("shows what the mail model with attention looked at, at no further cost", async () => {
    const { outputs, usage } = await explained({
      model: "mail-attention",
      inputs: [mail, { text: "Re: patch for the kernel module" }],
      explain: { method: "ATTENTION" },
    });
    expect(usage).toEqual([{ quantity: 2 }]);
    for (const { explanation: shown } of outputs) {
      expect(shown.tokens.reduce((sum: number, { value }: { value: number }) => sum + value, 0)).toBeCloseTo(1, 5);
      expect(shown).toMatchObject({ method: "ATTENTION", baseline: "none", evaluations: 0, completeness: null });
    }
  });

  test("takes as long a text as the version reads, in parts that one request can pay for", async () => {
    const long = { text: "word ".repeat(400) };
    const { outputs } = await explained({ model: "mail", inputs: [long], explain: { method: "OCCLUSION" } });
    expect(outputs[0].explanation).toMatchObject({ evaluations: 257, parts: 256, values: { shape: [256] } });
    const shap = await explained({ model: "mail", inputs: [long], explain: { method: "SHAP" } });
    expect(shap.outputs[0].explanation).toMatchObject({ evaluations: 257, parts: 64, values: { shape: [256] } });
  });

  test("is not asked again by a repeat, and is charged once", async () => {
    const input = {
      model: "digits",
      inputs: [digit],
      explain: { method: "SHAP", samples: 64 },
      idempotencyKey: "again",
    };
    const before = await usedInputs();
    const [first, second] = [await explained(input), await explained(input)];
    expect(second).toEqual(first);
    expect(first.outputs[0].explanation.heatMap).not.toBeNull();
    expect(await usedInputs()).toBe(before + 66);
    const other = await tenant.key.infer({ ...input, explain: { method: "SHAP", samples: 65 } });
    expect(other.errors[0]?.extensions.code).toBe("CONFLICT");
  });

  test("by a hundred aliases is refused at the door, before anything is charged", async () => {
    const before = await usedInputs();
    const aliases = Array.from({ length: 100 }, (_, i) => `a${i}: infer(input: $input) { id }`).join(" ");
    const refused = await tenant.key.refusal(`mutation($input: InferInput!) { ${aliases} }`, {
      input: { model: "digits", inputs: [digit], explain: { method: "OCCLUSION" } },
    });
    expect(refused.extensions.code).toBe("QUERY_TOO_COMPLEX");
    expect(refused.message).toMatch(/could explain by 25700 changed inputs; the limit is 16384/);
    expect(await usedInputs()).toBe(before);
  });

  test("that takes longer than the caller waits is given up and not charged", async () => {
    const before = await usedInputs();
    const answer = await tenant.key.infer({
      model: "mail",
      inputs: Array.from({ length: 8 }, () => ({ text: "word ".repeat(300) })),
      explain: { method: "SHAP", samples: 1_000 },
      deadlineMs: 60,
    });
    expect(answer.errors).toHaveLength(1);
    expect(answer.errors[0]?.extensions.code).toBe("DEADLINE_EXCEEDED");
    // A charge that was still under way at the deadline is taken back when it has come.
    await eventually(async () => (await usedInputs()) === before, { withinMs: 10_000, what: "it is taken back" });
  });
});

describe("tags", () => {
  test("labels the words of its golden samples as they were labelled where it was made", async () => {
    const { manifest } = await bundledModel("tags");
    for (const { input, outputs } of manifest.golden.samples) {
      const logits = floatsOf(outputs["logits"] ?? { data: "" });
      const best = Array.from({ length: logits.length / manifest.labels.length }, (_, token) => {
        const scores = logits.subarray(token * manifest.labels.length, (token + 1) * manifest.labels.length);
        return manifest.labels[scores.indexOf(Math.max(...scores))];
      });
      const answer = await tenant.key.infer({ model: "tags", inputs: [input] }, "outputs { tokens { label } }");
      expect(answer.data.infer.outputs[0].tokens.map(({ label }: { label: string }) => label)).toEqual(best);
    }
  });

  test("finds addresses, links, dates, amounts and people, and says where", async () => {
    const text =
      "Hi Peter,\n\nthe meeting is on Friday, September 20, 2002 at 5:10 PM, see http://www.example.org/agenda.html for more. " +
      "It costs $40, write to peter@example.org if you come.\n\nThanks,\nJohn Miller\n";
    const answer = await tenant.key.infer(
      { model: "tags", inputs: [{ text }] },
      "outputs { label score tokens { text start end label score } truncated }",
    );
    expect(answer.errors).toEqual([]);
    const [{ tokens }] = answer.data.infer.outputs;
    for (const { text: word, start, end } of tokens) expect(text.slice(start, end)).toBe(word);
    const foundAs = (label: string) =>
      tokens
        .filter((token: { label: string }) => token.label === label)
        .map(({ text: word }: { text: string }) => word);
    expect(foundAs("email").join("")).toBe("peter@example.org");
    expect(foundAs("url").join("")).toBe("http://www.example.org/agenda.html");
    expect(foundAs("date")).toEqual(expect.arrayContaining(["Friday", "September", "20", "2002", "5", "10", "PM"]));
    expect(foundAs("amount")).toEqual(["$", "40"]);
    expect(foundAs("person")).toEqual(expect.arrayContaining(["John", "Miller"]));
  });
});
