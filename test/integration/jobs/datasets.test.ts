import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newId } from "../../../src/core/ids.ts";
import { eventually } from "../../support/eventually.ts";
import { startTestGateway, type TestGateway, type TestTenant } from "../../support/gateway.ts";
import { JobClient } from "../../support/jobs.ts";
import { zipOf } from "../../support/zip.ts";

let gateway: TestGateway;
let tenant: TestTenant;
let jobs: JobClient;

beforeAll(async () => {
  gateway = await startTestGateway({ MAX_DATASET_MB: "8" });
  tenant = await gateway.createTenant();
  jobs = new JobClient(tenant.key);
});

afterAll(async () => {
  await gateway.close();
});

const pixels = (value: number) => ({ dtype: "uint8", shape: [784], data: Buffer.alloc(784, value).toString("base64") });

async function run(body: string | Uint8Array<ArrayBuffer>, type: string, source: object = {}, model = "mail") {
  const datasetId = newId("dataset");
  const uploaded = await jobs.upload(datasetId, body, type);
  expect(uploaded.status, await uploaded.clone().text()).toBe(201);
  const { id } = await jobs.submit({ model, source: { datasetId, ...source } });
  const job = await jobs.until(id, ["SUCCEEDED", "PARTIALLY_FAILED", "FAILED"]);
  return { id, job, lines: await jobs.results(id) };
}

describe("a dataset of JSON lines", () => {
  test("is answered line by line; a bad line fails alone and names itself", async () => {
    const body = [
      '{"text": "free money now", "id": "a"}',
      "",
      "not json",
      '{"text": 7}',
      '{"text": "hello", "image": "x"}',
      "[1]",
      '{"text": "minutes of the meeting"}',
    ].join("\n");
    const { job, lines } = await run(body, "application/jsonl");
    expect(job).toMatchObject({
      state: "PARTIALLY_FAILED",
      counts: { total: 6, succeeded: 2, failed: 4 },
      amount: "200",
    });
    expect(lines.map(({ line, id, error }) => [line, id, error?.message])).toEqual([
      [1, "a", undefined],
      [3, undefined, "The line is not a JSON object."],
      [4, undefined, "text is not a string."],
      [5, undefined, "The row has 2 of text, image and tensor; it must have exactly one."],
      [6, undefined, "The line is not a JSON object."],
      [7, undefined, undefined],
    ]);
  });

  test("of many chunks is cut at no line: what is in the results is what was in the file", async () => {
    const rows = Array.from({ length: 1_500 }, (_, index) =>
      JSON.stringify({ id: `row-${index}`, tensor: pixels(index % 256) }),
    );
    const { job, lines } = await run(`${rows.join("\r\n")}\r\n`, "application/x-ndjson", {}, "digits");
    expect(job).toMatchObject({ state: "SUCCEEDED", counts: { total: 1_500 } });
    expect(lines.map(({ id }) => id)).toEqual(rows.map((_, index) => `row-${index}`));
  });

  test("that is not UTF-8 in one line fails there only", async () => {
    const bytes = new Uint8Array(
      Buffer.concat([Buffer.from('{"text":"ok"}\n{"text":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}\n')]),
    );
    const { lines } = await run(bytes, "application/jsonl");
    expect(lines.map(({ error }) => error?.message)).toEqual([undefined, "The line is not UTF-8."]);
  });
});

describe("a dataset of CSV", () => {
  test("is read by the columns that are named, quotes and line ends inside cells included", async () => {
    const body =
      '\ufeffwhen,subject,number\r\n2002,"free, ""money""\nnow",17\r\n2003,,18\r\n2004,meeting minutes,19\r\n';
    const { lines } = await run(body, "text/csv", { columns: { text: "subject", id: "number" } });
    expect(lines.map(({ line, id, error }) => [line, id, error?.code])).toEqual([
      [3, "17", undefined],
      [4, "18", "INVALID_INPUT"],
      [5, "19", undefined],
    ]);
  });

  test("without a column that was named is refused whole, with what it has", async () => {
    const { job, lines } = await run("a,b\n1,2\n", "text/csv", { columns: { text: "subject" } });
    expect(job).toMatchObject({ state: "FAILED", failure: { code: "INVALID_INPUT" }, counts: { total: 0 } });
    expect(job.failure.message).toBe('The header has no column "subject". It has: a, b.');
    expect(lines).toEqual([]);
  });

  test("with a quote that is never closed fails from there on, and nothing hangs", async () => {
    const { job } = await run('text\nhello there\n"never closed\n', "text/csv");
    expect(["PARTIALLY_FAILED", "FAILED"]).toContain(job.state);
  });
});

describe("a dataset of pictures in a ZIP", () => {
  test("is answered file by file, by name", async () => {
    const folder = path.resolve(import.meta.dirname, "../../../examples/digits");
    const [seven, three] = await Promise.all(["73-7.png", "33-3.png"].map((name) => readFile(path.join(folder, name))));
    const archive = zipOf([
      ["digits/", Buffer.alloc(0)],
      ["digits/seven.png", seven ?? Buffer.alloc(0)],
      ["digits/broken.png", Buffer.from("not a picture")],
      ["digits/readme.txt", Buffer.from("hello")],
      ["__MACOSX/digits/._seven.png", Buffer.from("x")],
      ["digits/three.png", three ?? Buffer.alloc(0)],
    ]);
    const { job, lines } = await run(archive, "application/zip", {}, "digits");
    expect(job).toMatchObject({ state: "PARTIALLY_FAILED", counts: { total: 4, succeeded: 2, failed: 2 } });
    expect(lines.map(({ id, label, error }) => [id, label ?? error?.code])).toEqual([
      ["digits/seven.png", "7"],
      ["digits/broken.png", "INVALID_INPUT"],
      ["digits/readme.txt", "INVALID_INPUT"],
      ["digits/three.png", "3"],
    ]);
  });

  test("that unpacks to many times its size is refused before it does", async () => {
    const archive = zipOf([["bomb.png", Buffer.alloc(7 * 1024 * 1024)]]);
    const { job } = await run(archive, "application/zip", {}, "digits");
    expect(job).toMatchObject({
      state: "FAILED",
      failure: { message: "The archive unpacks to more than 20 times its size." },
    });
  });
});

describe("a dataset of Parquet", () => {
  test("is read by the columns that are named, whatever it is compressed with", async () => {
    const body = await readFile(path.resolve(import.meta.dirname, "../../support/datasets/mails.parquet"));
    const { job, lines } = await run(new Uint8Array(body), "application/vnd.apache.parquet", {
      columns: { text: "subject", id: "number" },
    });
    expect(job).toMatchObject({ state: "PARTIALLY_FAILED", counts: { total: 5, succeeded: 4, failed: 1 } });
    expect(lines.map(({ line, id, error }) => [line, id, error?.code])).toEqual([
      [1, "1", undefined],
      [2, "2", undefined],
      [3, "3", "INVALID_INPUT"],
      [4, "4", undefined],
      [5, "5", undefined],
    ]);
  });
});

test.each([
  ["application/zip", "The file is not readable as ZIP"],
  ["application/vnd.apache.parquet", "The file is not readable as Parquet"],
])("a file that is no %s is refused clearly", async (type, message) => {
  const { job } = await run("this is something else entirely, and long enough to look at", type, {}, "digits");
  expect(job.state).toBe("FAILED");
  expect(job.failure.message).toContain(message);
});

test("a Parquet file whose end is missing, or which lacks a column that was named, is refused as a whole", async () => {
  const whole = new Uint8Array(
    await readFile(path.resolve(import.meta.dirname, "../../support/datasets/mails.parquet")),
  );
  const type = "application/vnd.apache.parquet";
  const cut = await run(whole.slice(0, -20), type, { columns: { text: "subject" } });
  expect(cut.job).toMatchObject({ state: "FAILED", failure: { code: "INVALID_INPUT" }, counts: { total: 0 } });
  expect(cut.job.failure.message).toContain("The file is not readable as Parquet");
  const lacking = await run(whole, type, { columns: { text: "body" } });
  expect(lacking.job).toMatchObject({ state: "FAILED", failure: { code: "INVALID_INPUT" } });
  expect(lacking.job.failure.message).toBe("The file has no column body. It has: number, subject, size.");
});

test("a ZIP whose end is missing is refused as a whole", async () => {
  const archive = zipOf([["seven.png", Buffer.from("not a picture")]]);
  const { job } = await run(archive.slice(0, -10), "application/zip", {}, "digits");
  expect(job).toMatchObject({ state: "FAILED", failure: { code: "INVALID_INPUT" }, counts: { total: 0 } });
});

test("a file that is no JSON lines at all, but said to be, fails line by line and ends", async () => {
  const bytes = new Uint8Array(Buffer.alloc(50_000, 0xff));
  const { job, lines } = await run(bytes, "application/jsonl");
  expect(job).toMatchObject({ state: "FAILED", counts: { total: 1, failed: 1 } });
  expect(lines[0]?.error).toMatchObject({ code: "INVALID_INPUT", message: "The line is not UTF-8." });
});

test("an empty dataset is refused: it has no items", async () => {
  const { job } = await run("\n\n", "application/jsonl");
  expect(job).toMatchObject({ state: "FAILED", failure: { message: "The dataset has no items." } });
});

describe("an upload", () => {
  test("goes on from where it is, in parts, on any gateway", async () => {
    const replica = await gateway.addReplica();
    const there = new JobClient(gateway.client(tenant.secret, replica));
    const id = newId("dataset");
    const body = Array.from({ length: 20_000 }, (_, index) => `{"text":"mail ${index}"}\n`).join("");
    const cut = 300_000;
    const length = { "upload-length": String(body.length) };
    const part = async (client: JobClient, start: number, end: number) =>
      await client.send("PUT", `/datasets/${id}`, {
        headers: { "content-type": "application/jsonl", "upload-offset": String(start), ...length },
        body: body.slice(start, end),
      });
    expect((await part(jobs, 0, cut)).status).toBe(202);
    const head = await there.send("HEAD", `/datasets/${id}`);
    expect([head.headers.get("upload-offset"), head.headers.get("upload-complete")]).toEqual([String(cut), "?0"]);
    expect((await part(there, cut - 5, body.length)).status).toBe(409);
    expect((await part(there, cut, body.length)).status).toBe(201);
    expect((await part(there, 0, body.length)).status).toBe(409);
    const [stored] = await gateway.sql(
      "select string_agg(bytes, ''::bytea order by start_byte) = $2::bytea as same from dataset_chunks where dataset_id = $1",
      [id, Buffer.from(body)],
    );
    expect(stored?.same).toBe(true);
  });

  test("that is larger than allowed is refused while it comes", async () => {
    const id = newId("dataset");
    const megabyte = Buffer.alloc(1024 * 1024, 0x20);
    const stream = new ReadableStream({
      pull(controller) {
        controller.enqueue(megabyte);
      },
    });
    const response = await jobs
      .send("PUT", `/datasets/${id}`, { headers: { "content-type": "text/csv" }, body: stream })
      .catch(() => undefined);
    // The door is shut while the sender still sends: it reads the refusal or finds the connection cut.
    if (response !== undefined) expect(response.status).toBe(400);
    const [row] = await gateway.sql("select state, size_bytes::integer from datasets where id = $1", [id]);
    expect(row).toMatchObject({ state: "UPLOADING" });
    expect(row?.size_bytes).toBeLessThanOrEqual(8 * 1024 * 1024);
  });

  test("needs a format, a credential and the permission, and is nobody else's", async () => {
    const id = newId("dataset");
    expect((await jobs.upload(id, "x", "application/octet-stream")).status).toBe(400);
    expect((await new JobClient(gateway.client()).upload(id, "x", "text/csv")).status).toBe(401);
    const finance = await tenant.owner.ask(
      'mutation { issueApiKey(input: { name: "reads", permissions: ["jobs:read"] }) { secret } }',
    );
    const reader = new JobClient(gateway.client(finance.data.issueApiKey.secret));
    expect((await reader.upload(id, "x", "text/csv")).status).toBe(403);
    await jobs.upload(id, "text\nhello\n", "text/csv");
    const stranger = new JobClient((await gateway.createTenant("Stranger")).key);
    const [taken, free] = await Promise.all([
      stranger.send("HEAD", `/datasets/${id}`),
      stranger.send("HEAD", `/datasets/${newId("dataset")}`),
    ]);
    expect([taken.status, free.status]).toEqual([404, 404]);
    // The id is the client's own, so the same one under another tenant is another dataset.
    expect((await stranger.upload(id, "text\nother\n", "text/csv")).status).toBe(201);
    const [{ tenants }] = await gateway.sql(
      "select count(distinct tenant_id)::integer as tenants from datasets where id = $1",
      [id],
    );
    expect(tenants).toBe(2);
  });
});

describe("a job of a dataset", () => {
  test("that is not complete is refused, and so is one of another tenant's", async () => {
    const id = newId("dataset");
    await jobs.send("PUT", `/datasets/${id}`, {
      headers: { "content-type": "text/csv", "upload-length": "100" },
      body: "text\n",
    });
    const submit = async (client: TestTenant["key"], datasetId: string) =>
      await client.refusal("mutation($input: SubmitJobInput!) { submitJob(input: $input) { id } }", {
        input: { model: "mail", source: { datasetId } },
      });
    expect((await submit(tenant.key, id)).extensions.code).toBe("CONFLICT");
    const stranger = await gateway.createTenant("Stranger");
    const [taken, free] = [await submit(stranger.key, id), await submit(stranger.key, newId("dataset"))];
    expect({ ...taken, extensions: { ...taken.extensions, requestId: "" } }).toEqual({
      ...free,
      extensions: { ...free.extensions, requestId: "" },
    });
    expect(taken.extensions.code).toBe("NOT_FOUND");
  });

  test("begins before all of it is read, and needs it no more when it is", async () => {
    const datasetId = newId("dataset");
    await jobs.upload(datasetId, '{"text":"hello"}\n'.repeat(5_000), "application/jsonl");
    const { id } = await jobs.submit({ model: "mail", source: { datasetId } });
    await eventually(async () => (await jobs.find(id)).counts.total === 5_000, {
      withinMs: 20_000,
      what: "it is read",
    });
    await tenant.key.ask("mutation($input: DeleteDatasetInput!) { deleteDataset(input: $input) }", {
      input: { id: datasetId },
    });
    expect((await jobs.until(id, "SUCCEEDED", 60_000)).counts.succeeded).toBe(5_000);
  });

  test("is estimated before: items, amount, and the least time", async () => {
    const datasetId = newId("dataset");
    await jobs.upload(datasetId, '{"text":"hello"}\n'.repeat(700), "application/jsonl");
    const { data } = await tenant.key.ask(
      "query($input: SubmitJobInput!) { estimateJob(input: $input) { items isExact amount seconds } }",
      { input: { model: "mail", source: { datasetId } } },
    );
    expect(data.estimateJob).toMatchObject({ items: 700, isExact: true, amount: "70000", seconds: expect.any(Number) });
  });
});
