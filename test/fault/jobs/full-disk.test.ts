import { afterEach, expect, test } from "vitest";
import { newId } from "../../../src/core/ids.ts";
import { eventually } from "../../support/eventually.ts";
import { GatewayProcess } from "../../support/gateway-process.ts";
import { GraphqlClient } from "../../support/graphql-client.ts";
import { JobClient } from "../../support/jobs.ts";
import { startSmallDiskPostgres } from "../../support/small-disk-postgres.ts";
import { openTenantHouse } from "../../support/tenant-house.ts";

afterEach(() => GatewayProcess.killAll());

const linesOf = (count: number) =>
  Buffer.from(
    Array.from({ length: count }, (_, index) => `{"text":"mail number ${index} ${"x".repeat(40)}"}\n`).join(""),
  );

test("a full disk stops uploads and jobs where they are; with room again both go on by themselves, each item once", async () => {
  const postgres = await startSmallDiskPostgres({ megabytes: 24, tables: ["dataset_chunks", "job_slices"] });
  const house = await openTenantHouse(postgres);
  const tenant = await house.createTenant();
  const gateway = await GatewayProcess.start({ DATABASE_URL: postgres.url, LOG_LEVEL: "debug" });
  const client = new JobClient(new GraphqlClient(gateway.url, tenant.apiKey));
  const items = 20_000;
  const datasetId = newId("dataset");
  expect((await client.upload(datasetId, new Uint8Array(linesOf(items)), "application/jsonl")).status).toBe(201);
  const { id } = await client.submit({ model: "mail", source: { datasetId } });
  const ended = async () => (await client.find(id)).counts.succeeded;
  await eventually(async () => (await ended()) > 500, { withinMs: 30_000, what: "some items end" });

  await postgres.fill();
  const other = newId("dataset");
  const large = linesOf(40_000);
  const put = async (from: number) =>
    await client.send("PUT", `/datasets/${other}`, {
      headers: {
        "content-type": "application/jsonl",
        "upload-offset": String(from),
        "upload-length": String(large.length),
      },
      body: new Uint8Array(large.subarray(from)),
    });
  const refused = await put(0);
  expect(refused.status).toBeGreaterThanOrEqual(500);
  const head = await client.send("HEAD", `/datasets/${other}`);
  const offset = head.status === 200 ? Number(head.headers.get("upload-offset")) : 0;
  expect(offset).toBeLessThan(large.length);
  // Nor can what a slice came to: nothing of it is written or charged.
  await eventually(
    () =>
      /slice is handed back.*No space left on device|No space left on device.*slice is handed back/.test(
        gateway.output,
      ),
    {
      withinMs: 60_000,
      what: "a slice cannot be written",
    },
  );
  const left = items - (await ended());
  expect(left).toBeGreaterThan(0);
  expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);

  await postgres.free();
  expect((await put(offset)).status).toBe(201);
  await client.until(id, "SUCCEEDED", 180_000);
  expect((await client.results(id)).map(({ index }) => index)).toEqual(Array.from({ length: items }, (_, i) => i));
  const [{ events, inferences }] = await house.sql(
    "select count(*)::integer as events, count(distinct inference_id)::integer as inferences from usage_events where tenant_id = $1",
    [tenant.id],
  );
  expect({ events, inferences }).toEqual({ events: items, inferences: items });
  expect(await house.drift()).toEqual([]);
  expect(await gateway.stop()).toBe(0);
  await house.close();
});
