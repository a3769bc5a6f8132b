import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newId } from "../../../src/core/ids.ts";
import { JobKeepingStore } from "../../../src/domains/jobs/job-keeping.store.ts";
import { openDatabase } from "../../../src/platform/database.ts";
import { startTestGateway, type TestGateway, type TestTenant } from "../../support/gateway.ts";
import { grey, JobClient } from "../../support/jobs.ts";

let gateway: TestGateway;
let tenant: TestTenant;
let jobs: JobClient;
let id: string;

beforeAll(async () => {
  gateway = await startTestGateway();
  tenant = await gateway.createTenant();
  jobs = new JobClient(tenant.key);
  const inputs = Array.from({ length: 300 }, (_, index) => (index === 123 ? { text: "é" } : grey(index)));
  ({ id } = await jobs.submit({ model: "digits", source: { inputs } }));
  await jobs.until(id, "PARTIALLY_FAILED");
});

afterAll(async () => {
  await gateway.close();
});

const pathOf = (format: string, rest = "") => `/jobs/${id}/results?format=${format}${rest}`;
const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer());

describe.each(["jsonl", "csv"])("results as %s", (format) => {
  test("are the same bytes in whatever ranges they are asked for", async () => {
    const response = await jobs.get(pathOf(format));
    expect([response.status, response.headers.get("x-tollgate-complete")]).toEqual([200, "true"]);
    const whole = await bytesOf(response);
    expect(Number(response.headers.get("content-length"))).toBe(whole.length);
    for (const [start, end] of [
      [0, 0],
      [0, 9],
      [5, 4_000],
      [4_321, 12_345],
      [whole.length - 1, whole.length + 50],
    ] as const) {
      const part = await jobs.get(pathOf(format), { range: `bytes=${start}-${end}` });
      const last = Math.min(end, whole.length - 1);
      expect(part.status).toBe(206);
      expect(part.headers.get("content-range")).toBe(`bytes ${start}-${last}/${whole.length}`);
      expect((await bytesOf(part)).equals(whole.subarray(start, last + 1))).toBe(true);
    }
    const rest = await jobs.get(pathOf(format), { range: "bytes=7000-" });
    expect((await bytesOf(rest)).equals(whole.subarray(7_000))).toBe(true);
    expect((await jobs.get(pathOf(format), { range: `bytes=${whole.length}-` })).status).toBe(416);
  });

  test("go on after any item, and after the last one there is nothing", async () => {
    const lines = (await (await jobs.get(pathOf(format))).text()).split("\n");
    const header = format === "csv" ? 1 : 0;
    for (const item of [0, 62, 63, 64, 123, 298]) {
      const rest = await (await jobs.get(pathOf(format, `&after=${item}`))).text();
      expect(rest).toBe(lines.slice(header + item + 1).join("\n"));
    }
    expect(await (await jobs.get(pathOf(format, "&after=299"))).text()).toBe("");
  });

  test("under another name than the caller has begin from the start", async () => {
    const etag = (await jobs.get(pathOf(format))).headers.get("etag") ?? "";
    const same = await jobs.get(pathOf(format), { range: "bytes=10-", "if-range": etag });
    const other = await jobs.get(pathOf(format), { range: "bytes=10-", "if-range": '"another"' });
    expect([same.status, other.status]).toEqual([206, 200]);
  });
});

test("of a job that has not ended are those from its beginning on, and say so", async () => {
  const poor = await gateway.createTenant("Poor");
  const client = new JobClient(poor.key);
  const made = await client.submit({
    model: "digits",
    source: { inputs: Array.from({ length: 200 }, (_, i) => grey(i)) },
  });
  await client.change("cancelJob", made.id);
  await client.until(made.id, "CANCELED");
  const response = await client.get(`/jobs/${made.id}/results`);
  const indexes = (await response.text())
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line).index);
  expect(indexes).toEqual(indexes.toSorted((a, b) => a - b));
});

test("of another tenant's job are answered as of none, and need the permission", async () => {
  const stranger = new JobClient((await gateway.createTenant("Stranger")).key);
  const [taken, free] = await Promise.all([
    stranger.get(`/jobs/${id}/results`),
    stranger.get(`/jobs/${newId("job")}/results`),
  ]);
  const textOf = async (response: Response) => (await response.text()).replace(/req_[0-9a-z]{26}/, "");
  expect([taken.status, free.status]).toEqual([404, 404]);
  expect(await textOf(taken)).toBe(await textOf(free));
  const issued = await tenant.owner.ask(
    'mutation { issueApiKey(input: { name: "asks", permissions: ["inferences:create"] }) { secret } }',
  );
  const asking = new JobClient(gateway.client(issued.data.issueApiKey.secret));
  expect((await asking.get(`/jobs/${id}/results`)).status).toBe(403);
  expect((await new JobClient(gateway.client()).get(`/jobs/${id}/results`)).status).toBe(401);
});

test("and datasets are deleted when their time has come; the job says when", async () => {
  const datasetId = newId("dataset");
  await jobs.upload(datasetId, '{"text":"hello"}\n', "application/jsonl");
  const old = await jobs.submit({ model: "mail", source: { datasetId } });
  await jobs.until(old.id, "SUCCEEDED");
  await gateway.sql("update jobs set expires_at = now() - interval '1 second' where id = $1", [old.id]);
  await gateway.sql("update datasets set expires_at = now() - interval '1 second' where id = $1", [datasetId]);
  const database = await openDatabase(gateway.databaseUrl);
  const keeping = new JobKeepingStore({
    database,
    isInstanceAlive: () => Promise.resolve(true),
    onFinished: () => Promise.resolve(),
    resultsRetentionDays: 30,
  });
  await keeping.sweep();
  await database.close();
  const gone = await jobs.get(`/jobs/${old.id}/results`);
  expect([gone.status, await gone.text()]).toEqual([404, expect.stringContaining("were deleted")]);
  expect((await jobs.find(old.id)).counts.succeeded).toBe(1);
  expect(await gateway.sql("select 1 from dataset_chunks where dataset_id = $1", [datasetId])).toEqual([]);
  expect((await jobs.get(pathOf("jsonl"))).status).toBe(200);
});
