import { afterAll, beforeAll, describe, expect, test } from "vitest";
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
