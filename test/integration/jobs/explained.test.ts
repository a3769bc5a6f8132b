import { readFileSync } from "node:fs";
import path from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newId } from "../../../src/core/ids.ts";
import { eventually } from "../../support/eventually.ts";
import { startTestGateway, type TestGateway, type TestTenant } from "../../support/gateway.ts";
import { grey, JobClient, type ResultLine } from "../../support/jobs.ts";

let gateway: TestGateway;
let tenant: TestTenant;
let jobs: JobClient;

beforeAll(async () => {
  gateway = await startTestGateway();
  tenant = await gateway.createTenant();
  jobs = new JobClient(tenant.key);
});

afterAll(async () => {
  await gateway.close();
});

const examples = path.resolve(import.meta.dirname, "../../../examples/digits");
const [seven, three] = ["73-7.png", "33-3.png"].map((name) => ({
  image: readFileSync(path.join(examples, name), "base64"),
}));
const explanationFields =
  "method target baseline evaluations samples seed parts values tokens { text start end value } completeness { sum expected error }";

interface ExplainedLine extends ResultLine {
  explanation?: { evaluations: number; heatMap?: string; target: string };
}

const linesOf = async (client: JobClient, id: string) => (await client.results(id)) as ExplainedLine[];

const estimateOf = async (of: TestTenant, input: Record<string, unknown>) =>
  (
    await of.key.ask(
      "query($input: SubmitJobInput!) { estimateJob(input: $input) { items inputs isExact amount seconds } }",
      { input },
    )
  ).data.estimateJob;

const eventsOf = async (id: string) =>
  (
    await gateway.sql(
      `select count(*)::integer as events, coalesce(sum(quantity), 0)::integer as inputs, coalesce(sum(amount_micros), 0)::integer as amount
         from usage_events where tenant_id = $1`,
      [id],
    )
  )[0];

/** Without what is absent, which GraphQL says as null and a line of JSON by leaving it out. */
function present(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_key, part) => part ?? undefined));
}

describe("a job whose answers are explained", () => {
  test("has the explanations that infer gives, costs what was told before, and charges each item with what it took", async () => {
    const other = await gateway.createTenant("Explained");
    const client = new JobClient(other.key);
    const inputs = Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? seven : three));
    const input = { model: "digits", source: { inputs }, explain: { method: "SHAP", samples: 64, seed: 3 } };
    const estimate = await estimateOf(other, input);
    const { id } = await client.submit(input);
    const job = await client.until(id, "SUCCEEDED");
    const lines = await linesOf(client, id);
    expect(lines.map(({ index }) => index)).toEqual(inputs.map((_, index) => index));
    const charged = lines.reduce((sum, { explanation }) => sum + 1 + (explanation?.evaluations ?? 0), 0);
    expect(charged).toBeGreaterThan(40 * 30);
    expect(await eventsOf(other.id)).toEqual({ events: 40, inputs: charged, amount: charged * 100 });
    expect(estimate).toMatchObject({ items: 40, inputs: charged, isExact: true, amount: String(charged * 100) });
    expect(job.amount).toBe(estimate.amount);

    const asked = await tenant.key.infer(
      { model: "digits", inputs: [seven, three], explain: { method: "SHAP", samples: 64, seed: 3 } },
      `outputs { explanation { ${explanationFields} } }`,
    );
    const given = asked.data.infer.outputs.map(({ explanation }: { explanation: unknown }) => present(explanation));
    expect(lines.map(({ explanation }) => explanation)).toEqual(inputs.map((_, index) => given[index % 2]));
  });

  test("carries heat maps where they are asked for, and only there", async () => {
    const explain = { method: "OCCLUSION", target: "7" };
    const [plain, pictured] = await Promise.all([
      jobs.submit({ model: "digits", source: { inputs: [seven] }, explain }),
      jobs.submit({ model: "digits", source: { inputs: [seven] }, explain: { ...explain, heatMap: true } }),
    ]);
    await Promise.all([jobs.until(plain.id, "SUCCEEDED"), jobs.until(pictured.id, "SUCCEEDED")]);
    const [[without], [withMap]] = await Promise.all([linesOf(jobs, plain.id), linesOf(jobs, pictured.id)]);
    expect(without?.explanation).toMatchObject({ target: "7", evaluations: 20 });
    expect(without?.explanation).not.toHaveProperty("heatMap");
    const { format } = await sharp(Buffer.from(withMap?.explanation?.heatMap ?? "", "base64")).metadata();
    expect(format).toBe("png");
  });

  test("of texts tells what each token was worth; an item that cannot be explained fails alone, and is not charged", async () => {
    const other = await gateway.createTenant("Tokens");
    const client = new JobClient(other.key);
    const datasetId = newId("dataset");
    await client.upload(
      datasetId,
      '{"text":"free money now"}\nnot json\n{"text":"minutes of the meeting"}\n',
      "application/jsonl",
    );
    const { id } = await client.submit({ model: "mail", source: { datasetId }, explain: { method: "OCCLUSION" } });
    await client.until(id, "PARTIALLY_FAILED");
    const [first, second, last] = await linesOf(client, id);
    expect(first?.explanation).toMatchObject({
      evaluations: 4,
      tokens: [{ text: "free" }, { text: "money" }, { text: "now" }],
    });
    expect(second?.error).toMatchObject({ code: "INVALID_INPUT", message: "The line is not a JSON object." });
    expect(await eventsOf(other.id)).toMatchObject({
      events: 2,
      inputs: 2 + 4 + (last?.explanation?.evaluations ?? 0),
    });
  });

  test("pauses at its quota with no item half paid, and goes on with its explanations", async () => {
    const other = await gateway.createTenant("Poor");
    const client = new JobClient(other.key);
    await gateway.sql(
      "update plan_limits set quantity = 100 where plan_version_id = (select plan_version_id from subscriptions where tenant_id = $1)",
      [other.id],
    );
    const inputs = Array.from({ length: 9 }, () => seven);
    const { id } = await client.submit({ model: "digits", source: { inputs }, explain: { method: "OCCLUSION" } });
    await client.until(id, "PAUSED_BY_LIMIT");
    // Each takes 21, so that four of them fit.
    await eventually(async () => (await client.find(id)).counts.succeeded === 4, {
      withinMs: 10_000,
      what: "four fit",
    });
    expect(await eventsOf(other.id)).toMatchObject({ events: 4, inputs: 84 });
    await gateway.sql(
      "update plan_limits set quantity = 1000 where plan_version_id = (select plan_version_id from subscriptions where tenant_id = $1)",
      [other.id],
    );
    await client.change("resumeJob", id);
    await client.until(id, "SUCCEEDED");
    expect((await linesOf(client, id)).map(({ explanation }) => explanation?.evaluations)).toEqual(
      inputs.map(() => 20),
    );
    expect(await eventsOf(other.id)).toMatchObject({ events: 9, inputs: 189 });
  });

  test("that is canceled stops in the middle of an explanation, and what it had written is all that is charged", async () => {
    const other = await gateway.createTenant("Canceled");
    const client = new JobClient(other.key);
    const inputs = Array.from({ length: 200 }, (_, index) => ({ text: `minutes of meeting ${index} `.repeat(60) }));
    const { id } = await client.submit({
      model: "mail",
      source: { inputs },
      explain: { method: "SHAP", samples: 4_000 },
    });
    await client.until(id, "RUNNING");
    await client.change("cancelJob", id);
    const { counts } = await client.until(id, "CANCELED", 2_000);
    expect(counts.succeeded).toBeLessThan(200);
    expect((await eventsOf(other.id)).events).toBe(counts.succeeded);
  });

  test("is retried with its explanations", async () => {
    const other = await gateway.createTenant("Retried");
    const client = new JobClient(other.key);
    const inputs = [seven, { image: "AAAA" }];
    const { id } = await client.submit({ model: "digits", source: { inputs }, explain: { method: "OCCLUSION" } });
    await client.until(id, "PARTIALLY_FAILED");
    const before = await linesOf(client, id);
    await client.change("retryJob", id);
    const job = await client.until(id, "PARTIALLY_FAILED");
    expect(job).toMatchObject({ round: 2, counts: { succeeded: 1, failed: 1 } });
    expect(await linesOf(client, id)).toEqual(before);
    expect(await eventsOf(other.id)).toMatchObject({ events: 1, inputs: 21 });
  });
});

describe("what cannot be explained is refused, and leaves nothing:", () => {
  test.each([
    ["a label that the model does not have", "digits", { method: "OCCLUSION", target: "eleven" }],
    ["attention of a model that gives none away", "digits", { method: "ATTENTION" }],
    ["a line between words", "mail", { method: "INTEGRATED_GRADIENTS" }],
    ["too many samples", "digits", { method: "SHAP", samples: 5_000 }],
    ["a token of a model that labels none", "mail", { method: "OCCLUSION", token: 1 }],
  ])("%s", async (_name, model, explain) => {
    const other = await gateway.createTenant("Other");
    const source = { inputs: [model === "mail" ? { text: "hello" } : grey(1)] };
    const refusal = await other.key.refusal("mutation($input: SubmitJobInput!) { submitJob(input: $input) { id } }", {
      input: { model, source, explain },
    });
    expect(refusal.extensions.code).toBe("INVALID_INPUT");
    expect((await other.key.ask("{ jobs { nodes { id } } }")).data.jobs.nodes).toEqual([]);
  });
});

test("of many estimates at once some are refused with when to ask again, and none is kept waiting", async () => {
  const aliases = Array.from({ length: 20 }, (_, i) => `a${i}: estimateJob(input: $input) { items }`).join(" ");
  const answer = await tenant.key.send(`query($input: SubmitJobInput!) { ${aliases} }`, {
    input: { model: "digits", source: { inputs: [seven] } },
  });
  const codes = new Set(answer.errors.map(({ extensions }) => extensions.code));
  expect([...codes]).toEqual(["OVERLOADED"]);
  expect(answer.errors[0]?.extensions["retryAfterMs"]).toBe(1_000);
  const once = "query($input: SubmitJobInput!) { estimateJob(input: $input) { items } }";
  const isMade = async () =>
    (await tenant.key.send(once, { input: { model: "digits", source: { inputs: [seven] } } })).errors.length === 0;
  await eventually(isMade, { withinMs: 5_000, what: "an estimate is made again" });
});

test("an estimate of a dataset that is to be explained says that it looked at its beginning", async () => {
  const datasetId = newId("dataset");
  await jobs.upload(datasetId, '{"text":"free money now"}\n'.repeat(500), "application/jsonl");
  const input = { model: "mail", source: { datasetId } };
  expect(await estimateOf(tenant, input)).toMatchObject({ items: 500, inputs: 500, isExact: true, amount: "50000" });
  expect(await estimateOf(tenant, { ...input, explain: { method: "OCCLUSION" } })).toMatchObject({
    items: 500,
    inputs: 2_500,
    isExact: false,
    amount: "250000",
  });
});
