import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newId } from "../../../src/core/ids.ts";
import { eventually } from "../../support/eventually.ts";
import { startTestGateway, type TestGateway, type TestTenant } from "../../support/gateway.ts";
import { grey, JobClient } from "../../support/jobs.ts";

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

const eventsOf = async (id: string) =>
  (
    await gateway.sql(
      "select count(*)::integer as events, coalesce(sum(quantity), 0)::integer as inputs from usage_events where tenant_id = $1",
      [id],
    )
  )[0];

describe("a job of inputs that come with it", () => {
  test("is answered item by item, in order, each charged once, and as infer would answer", async () => {
    const inputs = Array.from({ length: 300 }, (_, index) => grey(index));
    const job = await jobs.submit({ model: "digits", source: { inputs } });
    expect(job).toMatchObject({ state: "QUEUED", counts: { total: 300, read: 300, succeeded: 0, failed: 0 } });
    const ended = await jobs.until(job.id, "SUCCEEDED");
    expect(ended).toMatchObject({ amount: "30000", counts: { succeeded: 300, failed: 0, waiting: 0 } });
    const lines = await jobs.results(job.id);
    expect(lines.map(({ index }) => index)).toEqual(inputs.map((_, index) => index));
    expect(await eventsOf(tenant.id)).toEqual({ events: 300, inputs: 300 });
    const asked = await tenant.key.infer({ model: "digits", inputs: inputs.slice(0, 256) });
    const pairs = lines.slice(0, 256).map(({ label, score }) => ({ label, score }));
    expect(pairs).toEqual(asked.data.infer.outputs);
  });
});

const quotaOf = async (of: TestTenant, quota: number, price = 100) => {
  const id = newId("planVersion");
  const planId = newId("plan");
  await gateway.sql("insert into plans (id, name) values ($1, $1)", [planId]);
  await gateway.sql("insert into plan_versions (id, plan_id, version, currency) values ($1, $2, 1, 'USD')", [
    id,
    planId,
  ]);
  await gateway.sql("insert into plan_prices (plan_version_id, meter, unit_price_micros) values ($1, 'inputs', $2)", [
    id,
    price,
  ]);
  await gateway.sql(
    "insert into plan_limits (id, plan_version_id, applies_to, kind, meter, period, quantity) values ($1, $2, 'TENANT', 'QUOTA', 'inputs', 'BILLING_PERIOD', $3)",
    [newId("limit"), id, quota],
  );
  await gateway.sql("update subscriptions set plan_version_id = $1 where tenant_id = $2", [id, of.id]);
};

const inputsOf = (count: number) => Array.from({ length: count }, (_, index) => grey(index));

describe("at the end of its quota a job", () => {
  test("pauses to the item, says which limit and until when, and goes on with a larger plan", async () => {
    const poor = await gateway.createTenant("Poor");
    const client = new JobClient(poor.key);
    await quotaOf(poor, 150);
    const { id } = await client.submit({ model: "digits", source: { inputs: inputsOf(400) } });
    const paused = await client.until(id, "PAUSED_BY_LIMIT");
    await eventually(async () => (await client.find(id)).counts.succeeded === 150, {
      withinMs: 10_000,
      what: "the quota is used",
    });
    expect(paused.pause).toMatchObject({ kind: "QUOTA", meter: "inputs", limit: 150 });
    expect(new Date(paused.pause.until).getUTCDate()).toBe(1);
    expect(await eventsOf(poor.id)).toEqual({ events: 150, inputs: 150 });
    await quotaOf(poor, 1_000);
    const ended = await client.until(id, "SUCCEEDED");
    expect(ended).toMatchObject({ counts: { succeeded: 400 }, pause: null });
    expect((await client.results(id)).map(({ index }) => index)).toEqual(inputsOf(400).map((_, index) => index));
    expect(await eventsOf(poor.id)).toEqual({ events: 400, inputs: 400 });
  });

  test("shares what is left with callers: together they are never one over", async () => {
    const poor = await gateway.createTenant("Poor");
    const client = new JobClient(poor.key);
    await quotaOf(poor, 300);
    const { id } = await client.submit({ model: "digits", source: { inputs: inputsOf(400) } });
    const answers = await Promise.all(
      inputsOf(100).map((input) => poor.key.infer({ model: "digits", inputs: [input] })),
    );
    await client.until(id, "PAUSED_BY_LIMIT");
    const answered = answers.filter(({ errors }) => errors.length === 0).length;
    await eventually(async () => (await client.find(id)).counts.succeeded === 300 - answered, {
      withinMs: 10_000,
      what: "the quota is used",
    });
    expect(await eventsOf(poor.id)).toMatchObject({ inputs: 300 });
    await client.change("cancelJob", id);
  });

  test("takes a plan that changes for the items not yet run, at its price", async () => {
    const poor = await gateway.createTenant("Poor");
    const client = new JobClient(poor.key);
    await quotaOf(poor, 64);
    const { id } = await client.submit({ model: "digits", source: { inputs: inputsOf(128) } });
    await client.until(id, "PAUSED_BY_LIMIT");
    await quotaOf(poor, 1_000, 7);
    await client.until(id, "SUCCEEDED");
    const rows = await gateway.sql(
      "select amount_micros::integer as price, count(*)::integer as events from usage_events where tenant_id = $1 group by 1 order by 1",
      [poor.id],
    );
    expect(rows.reduce((sum, row) => sum + row.events, 0)).toBe(128);
    expect(rows.find((row) => row.price === 100)?.events).toBe(64);
  });
});

describe("a key that is revoked", () => {
  test("pauses its jobs, and another credential can go on with them", async () => {
    const other = await gateway.createTenant("Other");
    const byKey = new JobClient(other.key);
    await quotaOf(other, 64);
    const { id } = await byKey.submit({ model: "digits", source: { inputs: inputsOf(200) } });
    await byKey.until(id, "PAUSED_BY_LIMIT");
    await other.owner.ask("mutation($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { id } }", {
      input: { id: other.apiKeyId },
    });
    await quotaOf(other, 1_000);
    const byOwner = new JobClient(other.owner);
    await eventually(async () => (await byOwner.find(id)).pause?.kind === "CREDENTIAL", {
      withinMs: 10_000,
      what: "it pauses",
    });
    expect(await eventsOf(other.id)).toMatchObject({ inputs: 64 });
    await byOwner.change("resumeJob", id);
    expect((await byOwner.until(id, "SUCCEEDED")).counts.succeeded).toBe(200);
    const payers = await gateway.sql(
      "select api_key_id is null as by_user, count(*)::integer as events from usage_events where tenant_id = $1 group by 1 order by 1",
      [other.id],
    );
    expect(payers).toEqual([
      { by_user: false, events: 64 },
      { by_user: true, events: 136 },
    ]);
  });

  test("is followed by the one that it was rotated to", async () => {
    const other = await gateway.createTenant("Other");
    const client = new JobClient(other.key);
    await quotaOf(other, 64);
    const { id } = await client.submit({ model: "digits", source: { inputs: inputsOf(100) } });
    await client.until(id, "PAUSED_BY_LIMIT");
    const rotated = await other.owner.ask(
      "mutation($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { apiKey { id } } }",
      { input: { id: other.apiKeyId, overlapSeconds: 0 } },
    );
    await quotaOf(other, 1_000);
    await new JobClient(other.owner).until(id, "SUCCEEDED");
    const rows = await gateway.sql(
      "select api_key_id as key, count(*)::integer as events from usage_events where tenant_id = $1 group by 1",
      [other.id],
    );
    expect(Object.fromEntries(rows.map((row) => [row.key, row.events]))).toEqual({
      [other.apiKeyId]: 64,
      [rotated.data.rotateApiKey.apiKey.id]: 36,
    });
  });
});

describe("a job that is canceled", () => {
  test("stops within a second; what has ended stays charged, and can be downloaded", async () => {
    const other = await gateway.createTenant("Other");
    const client = new JobClient(other.key);
    const { id } = await client.submit({ model: "digits", source: { inputs: inputsOf(10_000) } });
    await eventually(async () => (await client.find(id)).counts.succeeded > 100, {
      withinMs: 10_000,
      what: "some have ended",
    });
    const startedAt = performance.now();
    expect((await client.change("cancelJob", id)).state).toBe("CANCELING");
    const canceled = await client.until(id, "CANCELED", 5_000);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    const { succeeded } = canceled.counts;
    expect(succeeded).toBeLessThan(10_000);
    expect(await eventsOf(other.id)).toEqual({ events: succeeded, inputs: succeeded });
    expect(await client.results(id)).toHaveLength(succeeded);
    expect(await client.change("cancelJob", id)).toMatchObject({ state: "CANCELED" });
  });
});

describe("failed items", () => {
  test("are retried, and only they: what was answered is neither run nor charged again", async () => {
    const other = await gateway.createTenant("Other");
    const client = new JobClient(other.key);
    const bad = { tensor: { dtype: "uint8", shape: [784], data: "AAAA" } };
    const inputs = inputsOf(150).map((input, index) => (index % 50 === 7 ? bad : input));
    const { id } = await client.submit({ model: "digits", source: { inputs } });
    const first = await client.until(id, "PARTIALLY_FAILED");
    expect(first.counts).toMatchObject({ succeeded: 147, failed: 3 });
    const before = await client.results(id);
    const shown = await other.key.ask(
      "query($id: ID!) { job(id: $id) { items(first: 2, failedOnly: true) { nodes { index state line error { code attempts } } pageInfo { hasNextPage endCursor } } } }",
      { id },
    );
    expect(shown.data.job.items).toMatchObject({
      nodes: [
        { index: 7, state: "FAILED", line: 8, error: { code: "INVALID_INPUT", attempts: 1 } },
        { index: 57, state: "FAILED", line: 58 },
      ],
      pageInfo: { hasNextPage: true, endCursor: "57" },
    });
    const retried = await client.change("retryJob", id);
    expect(retried).toMatchObject({ state: "QUEUED", round: 2, counts: { succeeded: 147, failed: 0, waiting: 3 } });
    const second = await client.until(id, "PARTIALLY_FAILED");
    expect(second.counts).toMatchObject({ succeeded: 147, failed: 3 });
    expect(await client.results(id)).toEqual(before);
    expect(await eventsOf(other.id)).toEqual({ events: 147, inputs: 147 });
  });

  test("of a job that has none, or has not ended, cannot be retried", async () => {
    const { id } = await jobs.submit({ model: "digits", source: { inputs: inputsOf(3) } });
    await jobs.until(id, "SUCCEEDED");
    const refusal = await tenant.key.refusal("mutation($input: RetryJobInput!) { retryJob(input: $input) { id } }", {
      input: { id },
    });
    expect(refusal.extensions.code).toBe("CONFLICT");
  });
});

describe("what cannot be a job is refused, and leaves nothing:", () => {
  test.each([
    ["no source", { source: {} }, "INVALID_INPUT"],
    ["two sources", { source: { inputs: [grey(1)], datasetId: newId("dataset") } }, "INVALID_INPUT"],
    ["no inputs", { source: { inputs: [] } }, "INVALID_INPUT"],
    ["a topK out of bounds", { topK: 101 }, "INVALID_INPUT"],
    ["a priority out of bounds", { priority: 101 }, "INVALID_INPUT"],
    ["a model that is not there", { model: "none" }, "NOT_FOUND"],
    ["a dataset that is not there", { source: { datasetId: newId("dataset") } }, "NOT_FOUND"],
  ])("%s", async (_name, wrong, code) => {
    const other = await gateway.createTenant("Other");
    const refusal = await other.key.refusal("mutation($input: SubmitJobInput!) { submitJob(input: $input) { id } }", {
      input: { model: "digits", source: { inputs: [grey(1)] }, ...wrong },
    });
    expect(refusal.extensions.code).toBe(code);
    expect((await other.key.ask("{ jobs { nodes { id } } }")).data.jobs.nodes).toEqual([]);
    expect(
      await gateway.sql("select 1 from audit_events where tenant_id = $1 and action = 'job.submit'", [other.id]),
    ).toEqual([]);
  });
});

describe("the list of jobs", () => {
  const list =
    "query($state: JobState, $after: String) { jobs(first: 2, state: $state, after: $after) { nodes { id state } pageInfo { hasNextPage endCursor } } }";
  const page = async (of: TestTenant, variables: object) => (await of.key.ask(list, { ...variables })).data.jobs;

  test("is of one state where that is asked for, newest first, page by page", async () => {
    const other = await gateway.createTenant("Lister");
    const client = new JobClient(other.key);
    const submit = async (input: object) => (await client.submit({ model: "digits", source: { inputs: [input] } })).id;
    const good = [await submit(grey(1)), await submit(grey(2))];
    const bad = await submit({ text: "no picture" });
    good.push(await submit(grey(3)));
    await Promise.all([...good, bad].map((id) => client.until(id, ["SUCCEEDED", "FAILED"])));
    const newest = ({ nodes }: { nodes: { id: string }[] }) => nodes.map(({ id }) => id);
    const first = await page(other, { state: "SUCCEEDED" });
    expect(newest(first)).toEqual([good[2], good[1]]);
    expect(first.pageInfo.hasNextPage).toBe(true);
    const second = await page(other, { state: "SUCCEEDED", after: first.pageInfo.endCursor });
    expect(newest(second)).toEqual([good[0]]);
    expect(second.pageInfo.hasNextPage).toBe(false);
    expect(newest(await page(other, { state: "FAILED" }))).toEqual([bad]);
    expect(newest(await page(other, { state: "CANCELED" }))).toEqual([]);
    expect(newest(await page(other, {}))).toEqual([good[2], bad]);
    expect(newest(await page(tenant, { state: "FAILED" }))).not.toContain(bad);
  });
});
