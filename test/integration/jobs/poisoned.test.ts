import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestGateway, type TestGateway } from "../../support/gateway.ts";
import { JobClient } from "../../support/jobs.ts";
import { tinyModelsFolder } from "../../support/tiny-models-folder.ts";

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway({ RUNNER_MEMORY_MB: "256", MODELS_DIR: await tinyModelsFolder("lookup", "hungry") });
});

afterAll(async () => {
  await gateway.close();
});

test("items that break the model fail alone, after three attempts each; the others of their batches are answered", async () => {
  const tenant = await gateway.createTenant();
  const jobs = new JobClient(tenant.key);
  // The graph looks up ten values; there is none for 99.
  const inputs = Array.from({ length: 130 }, (_, index) => ({
    tensor: [index === 5 || index === 77 ? 99 : index % 10],
  }));
  const { id } = await jobs.submit({ model: "lookup", source: { inputs } });
  const job = await jobs.until(id, "PARTIALLY_FAILED");
  expect(job.counts).toMatchObject({ succeeded: 128, failed: 2 });
  const failed = (await jobs.results(id)).filter(({ error }) => error !== undefined);
  expect(failed.map(({ index, error }) => [index, error?.code, error?.attempts])).toEqual([
    [5, "MODEL_FAILED", 3],
    [77, "MODEL_FAILED", 3],
  ]);
  const [{ events }] = await gateway.sql("select count(*)::integer as events from usage_events where tenant_id = $1", [
    tenant.id,
  ]);
  expect(events).toBe(128);
});

test("an item that breaks the model again and again fails before its tenant is kept from the model; the job ends", async () => {
  const tenant = await gateway.createTenant();
  const jobs = new JobClient(tenant.key);
  const inputs = Array.from({ length: 20 }, (_, index) => ({ tensor: [index === 7 ? 2 ** 30 : index + 1] }));
  const { id } = await jobs.submit({ model: "hungry", source: { inputs } });
  const job = await jobs.until(id, "PARTIALLY_FAILED");
  expect(job.counts).toMatchObject({ succeeded: 19, failed: 1 });
  const failed = (await jobs.results(id)).filter(({ error }) => error !== undefined);
  expect(failed.map(({ index, error }) => [index, error?.code])).toEqual([[7, "MODEL_FAILED"]]);
  const [{ events }] = await gateway.sql(
    "select count(*)::integer as events from audit_events where tenant_id = $1 and action = 'model_version.withheld'",
    [tenant.id],
  );
  expect(events).toBe(1);
});
