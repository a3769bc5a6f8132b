import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { newId } from "../../../src/core/ids.ts";
import { eventually } from "../../support/eventually.ts";
import { GatewayProcess } from "../../support/gateway-process.ts";
import { GraphqlClient } from "../../support/graphql-client.ts";
import { grey, JobClient } from "../../support/jobs.ts";
import { openTenantHouse, type TenantHouse } from "../../support/tenant-house.ts";
import { tinyModelsFolder } from "../../support/tiny-models-folder.ts";

let house: TenantHouse;
let models: string;

beforeAll(async () => {
  house = await openTenantHouse();
  models = await tinyModelsFolder("logarithm");
});

afterEach(() => GatewayProcess.killAll());

afterAll(async () => {
  await house.close();
});

const start = async (environment: Record<string, string> = {}) =>
  await GatewayProcess.start({ DATABASE_URL: house.url, ...environment });
const clientOf = (gateway: GatewayProcess, apiKey: string) => new JobClient(new GraphqlClient(gateway.url, apiKey));

/** What must hold of a job that has ended, whatever was killed meanwhile. */
async function expectEachOnce(client: JobClient, job: { id: string; tenantId: string }, items: number): Promise<void> {
  const lines = await client.results(job.id);
  expect(lines.length).toBe(items);
  expect(lines.filter(({ index }, place) => index !== place)).toEqual([]);
  const [{ events, inferences, inputs }] = await house.sql(
    "select count(*)::integer as events, count(distinct inference_id)::integer as inferences, sum(quantity)::integer as inputs from usage_events where tenant_id = $1",
    [job.tenantId],
  );
  expect({ events, inferences, inputs }).toEqual({ events: items, inferences: items, inputs: items });
  expect(await house.drift()).toEqual([]);
}

/** Kills the older of two gateways whenever some more items have ended, and starts another in its place. */
async function killUntilItEnds(
  { id, apiKey, items }: { id: string; apiKey: string; items: number },
  first: [GatewayProcess, GatewayProcess],
  another: () => Promise<GatewayProcess>,
): Promise<{ gateways: [GatewayProcess, GatewayProcess]; kills: number }> {
  let gateways = first;
  for (let kills = 0, ended = 0; ; kills++) {
    const [victim, survivor] = gateways;
    const client = clientOf(survivor, apiKey);
    const enough = ended + 9_000;
    const endedNow = async () => {
      const { counts } = await client.find(id);
      ended = counts.succeeded + counts.failed;
      return ended >= Math.min(enough, items);
    };
    await eventually(endedNow, { withinMs: 120_000, what: `${enough} items end, after ${kills} kills` });
    if (ended >= items) return { gateways, kills };
    await victim.kill();
    gateways = [survivor, await another()];
  }
}

describe("kill -9 of workers, every few seconds, while 100,000 items are worked on", () => {
  test("every item ends once, the results are complete and in order, and events equal items", async () => {
    const items = 100_000;
    const tenant = await house.createTenant();
    const environment = { MODELS_DIR: models };
    const [first, second] = [await start(environment), await start(environment)];
    const datasetId = newId("dataset");
    const body = Array.from({ length: items }, (_, index) => `{"id":"row-${index}","tensor":[${index + 1}]}\n`).join(
      "",
    );
    const uploaded = await clientOf(first, tenant.apiKey).upload(datasetId, body, "application/jsonl");
    expect(uploaded.status).toBe(201);
    const { id } = await clientOf(first, tenant.apiKey).submit({ model: "logarithm", source: { datasetId } });

    const job = { id, apiKey: tenant.apiKey, items };
    const { gateways, kills } = await killUntilItEnds(job, [first, second], () => start(environment));
    expect(kills).toBeGreaterThan(5);
    const client = clientOf(gateways[0], tenant.apiKey);
    expect(await client.until(id, "SUCCEEDED")).toMatchObject({
      counts: { total: items, succeeded: items, failed: 0 },
    });
    await expectEachOnce(client, { id, tenantId: tenant.id }, items);
  });
});

describe("kill -9 of the only worker", () => {
  const inputs = Array.from({ length: 500 }, (_, index) => grey(index));

  /** Each holds the worker where it is, by a lock that it needs next. */
  test.each([
    ["before it can claim a slice", "select 1 from job_turns where tenant_id = '' for update", 0],
    ["when a slice has run, before it can be written", "select 1 from jobs for update", 1],
    ["when a slice is being charged", "select 1 from tenant_ledgers for update", 1],
  ])("%s: another one goes on at once, and nothing is lost or doubled", async (_stage, lock, claimed) => {
    const tenant = await house.createTenant();
    const first = await start();
    const { id } = await clientOf(first, tenant.apiKey).submit({ model: "digits", source: { inputs } });
    await house.holding(lock, async () => {
      await eventually(async () => (await house.waiting()) > 0, {
        withinMs: 30_000,
        what: "the worker waits for the lock",
      });
      const [{ leases }] = await house.sql(
        "select count(*)::integer as leases from job_slices where job_id = $1 and lease_until is not null",
        [id],
      );
      expect(leases).toBeGreaterThanOrEqual(claimed);
      await first.kill();
    });
    const second = await start();
    const client = clientOf(second, tenant.apiKey);
    // Well within a lease: the killed worker is known to be gone.
    await client.until(id, "SUCCEEDED", 20_000);
    await expectEachOnce(client, { id, tenantId: tenant.id }, inputs.length);
    expect(await second.stop()).toBe(0);
  });

  test("while its runner works on a slice: another one goes on, and nothing is lost or doubled", async () => {
    const tenant = await house.createTenant();
    const first = await start();
    const client = clientOf(first, tenant.apiKey);
    const { id } = await client.submit({ model: "digits", source: { inputs } });
    await eventually(
      async () =>
        (await house.sql("select 1 from job_slices where job_id = $1 and lease_until is not null", [id])).length > 0 ||
        (await client.find(id)).finishedAt !== null,
      { withinMs: 30_000, what: "a slice is claimed" },
    );
    await first.kill();
    const second = await start();
    const after = clientOf(second, tenant.apiKey);
    await after.until(id, "SUCCEEDED", 20_000);
    await expectEachOnce(after, { id, tenantId: tenant.id }, inputs.length);
  });
});

describe("kill -9 of a worker that reads a dataset", () => {
  test("lets another one read on: no item is there twice, and none is left out", async () => {
    const tenant = await house.createTenant();
    const items = 40_000;
    const first = await start({ MODELS_DIR: models });
    const client = clientOf(first, tenant.apiKey);
    const datasetId = newId("dataset");
    const body = Array.from({ length: items }, (_, index) => `{"tensor":[${index + 1}]}\n`).join("");
    expect((await client.upload(datasetId, body, "application/jsonl")).status).toBe(201);
    const { id } = await client.submit({ model: "logarithm", source: { datasetId } });
    // It has read some, and may write no more of it.
    await eventually(async () => (await client.find(id)).counts.read > 0, { withinMs: 30_000, what: "some are read" });
    await house.holding("lock table job_slices in share mode", async () => {
      expect((await client.find(id)).counts.total).toBeNull();
      await first.kill();
    });
    const second = await start({ MODELS_DIR: models });
    const after = clientOf(second, tenant.apiKey);
    expect(await after.until(id, "SUCCEEDED", 60_000)).toMatchObject({ counts: { total: items, read: items } });
    await expectEachOnce(after, { id, tenantId: tenant.id }, items);
  });
});

describe("a worker on a machine of its own", () => {
  test("does the jobs of a gateway that does none, serves no callers, and stops in order", async () => {
    const tenant = await house.createTenant();
    const gateway = await start({ WORKERS: "0" });
    const client = clientOf(gateway, tenant.apiKey);
    const inputs = Array.from({ length: 300 }, (_, index) => grey(index));
    const { id } = await client.submit({ model: "digits", source: { inputs } });
    const worker = await GatewayProcess.startWorker({ DATABASE_URL: house.url });
    await client.until(id, "SUCCEEDED");
    await expectEachOnce(client, { id, tenantId: tenant.id }, inputs.length);
    expect((await fetch(`${worker.url}/graphql`, { method: "POST" })).status).toBe(404);
    expect((await fetch(`${worker.url}/readyz`)).status).toBe(200);
    expect([await worker.stop(), await gateway.stop()]).toEqual([0, 0]);
  });
});

describe("SIGTERM of a worker", () => {
  test("finishes or hands back its slices: another one goes on without waiting for a lease", async () => {
    const tenant = await house.createTenant();
    const first = await start();
    const inputs = Array.from({ length: 5_000 }, (_, index) => grey(index));
    const client = clientOf(first, tenant.apiKey);
    const { id } = await client.submit({ model: "digits", source: { inputs } });
    await eventually(async () => (await client.find(id)).counts.succeeded > 0, { withinMs: 30_000, what: "a start" });
    expect(await first.stop()).toBe(0);
    expect(await house.sql("select 1 from job_slices where job_id = $1 and lease_until is not null", [id])).toEqual([]);
    const second = await start();
    await clientOf(second, tenant.apiKey).until(id, "SUCCEEDED", 60_000);
    await expectEachOnce(clientOf(second, tenant.apiKey), { id, tenantId: tenant.id }, inputs.length);
  });
});

describe("kill -9 of the gateway while a dataset is uploaded", () => {
  test("what it had taken stays, and the upload goes on at another gateway from there", async () => {
    const tenant = await house.createTenant();
    const first = await start();
    const id = newId("dataset");
    const body = Buffer.from(Array.from({ length: 60_000 }, (_, index) => `{"text":"mail ${index}"}\n`).join(""));
    const sent = 1_000_000;
    const upload = clientOf(first, tenant.apiKey).send("PUT", `/datasets/${id}`, {
      headers: { "content-type": "application/jsonl", "upload-length": String(body.length) },
      // It sends the first part and then nothing, as a network that stands still.
      body: new ReadableStream({
        start: (controller) => controller.enqueue(body.subarray(0, sent)),
        pull: () => new Promise(() => undefined),
      }),
    });
    upload.catch(() => undefined);
    await eventually(
      async () => {
        const [row] = await house.sql("select size_bytes::integer as size from datasets where id = $1", [id]);
        return (row?.size ?? 0) > 500_000;
      },
      { withinMs: 30_000, what: "some of it is taken" },
    );
    await first.kill();
    await expect(upload).rejects.toThrow();
    const second = await start();
    const client = clientOf(second, tenant.apiKey);
    const head = await client.send("HEAD", `/datasets/${id}`);
    const offset = Number(head.headers.get("upload-offset"));
    expect(offset).toBeGreaterThan(500_000);
    expect(offset).toBeLessThanOrEqual(sent);
    const rest = await client.send("PUT", `/datasets/${id}`, {
      headers: { "upload-offset": String(offset), "upload-length": String(body.length) },
      body: new Uint8Array(body.subarray(offset)),
    });
    expect(rest.status).toBe(201);
    const [{ same }] = await house.sql(
      "select string_agg(bytes, ''::bytea order by start_byte) = $2::bytea as same from dataset_chunks where dataset_id = $1",
      [id, body],
    );
    expect(same).toBe(true);
  });
});
