import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { GatewayProcess } from "../../support/gateway-process.ts";
import { GraphqlClient } from "../../support/graphql-client.ts";
import { grey, JobClient } from "../../support/jobs.ts";
import { openTenantHouse, type TenantHouse } from "../../support/tenant-house.ts";

// A worker that stands still is not dead: its connections stay open, so nobody frees what it holds before its lease ends.

let house: TenantHouse;

beforeAll(async () => {
  house = await openTenantHouse();
});

afterEach(() => GatewayProcess.killAll());

afterAll(async () => {
  await house.close();
});

const start = async () => await GatewayProcess.start({ DATABASE_URL: house.url });
const clientOf = (gateway: GatewayProcess, apiKey: string) => new JobClient(new GraphqlClient(gateway.url, apiKey));

const leasesOf = async (id: string) =>
  await house.sql("select slice, epoch, holder from job_slices where job_id = $1 and lease_until is not null", [id]);

async function expectEachOnce(client: JobClient, job: { id: string; tenantId: string; items: number }): Promise<void> {
  const lines = await client.results(job.id);
  expect(lines.map(({ index }) => index)).toEqual(Array.from({ length: job.items }, (_, index) => index));
  const [{ events, inferences }] = await house.sql(
    "select count(*)::integer as events, count(distinct inference_id)::integer as inferences from usage_events where tenant_id = $1",
    [job.tenantId],
  );
  expect({ events, inferences }).toEqual({ events: job.items, inferences: job.items });
  expect(await house.drift()).toEqual([]);
}

/** The worker goes on where it stood, and is good for other work: what it still holds for done is not. */
async function expectWorking(gateway: GatewayProcess, apiKey: string): Promise<void> {
  const client = clientOf(gateway, apiKey);
  const { id } = await client.submit({ model: "digits", source: { inputs: [grey(1), grey(2)] } });
  await client.until(id, "SUCCEEDED");
  expect(await gateway.stop()).toBe(0);
}

describe("a lease that ends while its slice runs", () => {
  test("lets another worker have the slice; the first one's work comes too late, and changes nothing", async () => {
    const tenant = await house.createTenant();
    const first = await start();
    const inputs = Array.from({ length: 8 }, (_, index) => ({ text: `minutes of meeting ${index} `.repeat(60) }));
    const { id } = await clientOf(first, tenant.apiKey).submit({
      model: "mail",
      source: { inputs },
      explain: { method: "SHAP", samples: 2_000 },
    });
    const held = await eventually(async () => (await leasesOf(id))[0], {
      withinMs: 30_000,
      what: "a slice is worked on",
    });
    process.kill(first.pid, "SIGSTOP");
    const second = await start();
    const client = clientOf(second, tenant.apiKey);
    await eventually(
      async () => {
        const [slice] = await house.sql("select epoch, holder from job_slices where job_id = $1 and slice = $2", [
          id,
          held.slice,
        ]);
        return slice.epoch > held.epoch && slice.holder !== held.holder;
      },
      { withinMs: 60_000, what: "the other has it" },
    );
    // Both have it now.
    process.kill(first.pid, "SIGCONT");
    await client.until(id, "SUCCEEDED", 120_000);
    const [{ quantity }] = await house.sql(
      "select sum(quantity)::integer as quantity from usage_events where tenant_id = $1",
      [tenant.id],
    );
    const lines = await client.results(id);
    const evaluations = lines.map(
      (line) => (line as { explanation?: { evaluations: number } }).explanation?.evaluations,
    );
    expect(quantity).toBe(evaluations.reduce<number>((sum, one) => sum + 1 + (one ?? 0), 0));
    await expectEachOnce(client, { id, tenantId: tenant.id, items: inputs.length });
    await second.stop();
    await expectWorking(first, tenant.apiKey);
  });
});

describe("a worker that stands still in the middle of writing a slice", () => {
  test("holds nobody up for longer than its lease, though it holds the job's lock; each item ends once", async () => {
    const tenant = await house.createTenant();
    const first = await start();
    const inputs = Array.from({ length: 500 }, (_, index) => grey(index));
    const { id } = await clientOf(first, tenant.apiKey).submit({ model: "digits", source: { inputs } });
    await house.holding("select 1 from jobs for update", async () => {
      await eventually(async () => (await house.waiting()) > 0, { withinMs: 30_000, what: "it waits for the lock" });
      process.kill(first.pid, "SIGSTOP");
    });
    // The lock is its own now: it would write next, and does not.
    const second = await start();
    const client = clientOf(second, tenant.apiKey);
    await client.until(id, "SUCCEEDED", 90_000);
    process.kill(first.pid, "SIGCONT");
    await expectEachOnce(client, { id, tenantId: tenant.id, items: inputs.length });
    await second.stop();
    await expectWorking(first, tenant.apiKey);
  });
});
