import { readFileSync } from "node:fs";
import path from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestGateway, type TestGateway, type TestTenant } from "../../support/gateway.ts";

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
    expect(cost.data.explainCost).toEqual({ inputs: 2, evaluations: 50, quantity: 52 });
    const before = await usedInputs();
    const { outputs, usage } = await explained({
      model: "digits",
      inputs: [digit, digit],
      explain: { method: "OCCLUSION", outputIndexes: [0] },
    });
    expect(usage).toEqual([{ quantity: 52 }]);
    expect(await usedInputs()).toBe(before + 52);
    expect(outputs[1].explanation).toBeNull();
    const first = outputs[0].explanation;
    expect(first).toMatchObject({
      method: "OCCLUSION",
      target: "7",
      baseline: "0",
      evaluations: 50,
      parts: 49,
      seed: null,
    });
    expect(first.values).toMatchObject({ dtype: "float32", shape: [28, 28] });
    const values = floatsOf(first.values);
    expect(Math.max(...values)).toBeGreaterThan(0);
    // The margin is black: nothing is taken away there.
    expect([...values.subarray(0, 28 * 4)].every((value) => value === 0)).toBe(true);
    const { width, height, format } = await sharp(Buffer.from(first.heatMap, "base64")).metadata();
    expect({ width, height, format }).toEqual({ width: 224, height: 224, format: "png" });
    const { sum, expected, error } = first.completeness;
    expect(error).toBeCloseTo(sum - expected, 12);
    expect(expected).toBeLessThanOrEqual(outputs[0].score);
  });
});
