import { mkdtemp, readFile, stat, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { runCli } from "../../../src/edge/cli/client/run-cli.ts";
import { startTestGateway, type TestGateway, type TestTenant } from "../../support/gateway.ts";

let gateway: TestGateway;
let tenant: TestTenant;
let folder: string;

beforeAll(async () => {
  gateway = await startTestGateway();
  tenant = await gateway.createTenant();
  folder = await mkdtemp(path.join(inject("scratchDirectory"), "terminal-"));
});

afterAll(async () => {
  await gateway.close();
});

/** What a command wrote, and its exit code. */
async function run(argv: string[], rest: { url?: string; apiKey?: string | undefined } = {}) {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const written = Promise.all([text(out), text(err)]);
  const surroundings = {
    url: rest.url ?? gateway.url,
    apiKey: "apiKey" in rest ? rest.apiKey : tenant.secret,
    signedInFile: path.join(folder, "signed-in.json"),
  };
  const exitCode = await runCli(argv, surroundings, { out, err: Object.assign(err, { columns: 100 }) as never });
  out.end();
  err.end();
  const [stdout, stderr] = await written;
  return { exitCode, stdout, stderr };
}

describe("the terminal client", () => {
  test("uploads a file, watches its job to the end, and fetches what it came to, as lines and as CSV", async () => {
    const file = path.join(folder, "mails.csv");
    await writeFile(file, "number,subject\n1,free money now\n2,minutes of the meeting\n3,\n");
    const submit = ["jobs", "submit", file, "--model", "mail", "--text", "subject", "--id", "number"];
    expect((await run([...submit, "--estimate"])).stdout).toMatch(/^3 items · 0\.0003 if all are answered/);
    const watched = await run([...submit, "--watch", "--json"]);
    expect(watched.exitCode).toBe(3);
    const job = JSON.parse(watched.stdout);
    expect(job).toMatchObject({ state: "PARTIALLY_FAILED", counts: { total: 3, succeeded: 2, failed: 1 } });
    const results = await run(["jobs", "results", job.id]);
    expect(results.exitCode).toBe(0);
    expect(
      results.stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).id),
    ).toEqual(["1", "2", "3"]);
    const csv = await run(["jobs", "results", job.id, "--format", "csv", "--after", "0"]);
    expect(csv.stdout).toMatch(/^1,3,2,\w+,[\d.]+,false,,\r\n2,4,3,,,,INVALID_INPUT,/);
    expect((await run(["jobs", "list"])).stdout).toContain(job.id);
    expect((await run(["jobs", "show", job.id])).stdout).toMatch(/failed +1/);
    // The same file is found again, and not sent twice.
    expect((await gateway.sql("select 1 from datasets where tenant_id = $1", [tenant.id])).length).toBe(1);
    await utimes(file, new Date(), new Date(Date.now() + 5_000));
    await run(submit);
    expect((await gateway.sql("select 1 from datasets where tenant_id = $1", [tenant.id])).length).toBe(2);
  });

  test("has answers explained, tells what that costs before, and names who is told of the end", async () => {
    const file = path.join(folder, "explained.csv");
    await writeFile(file, "text\nfree money now\n");
    const submit = [
      "jobs",
      "submit",
      file,
      "--model",
      "mail",
      "--explain",
      "shap",
      "--samples",
      "16",
      "--target",
      "ham",
    ];
    const estimated = await run([...submit, "--estimate"]);
    expect(estimated.stdout).toMatch(/^1 items · 8 inputs with their explanations · 0\.0008 if all are answered/);
    const made = await tenant.owner.ask(
      'mutation { createWebhookEndpoint(input: { url: "http://127.0.0.1:9/jobs", events: ["invoice.issued"] }) { endpoint { id } } }',
    );
    const endpointId = made.data.createWebhookEndpoint.endpoint.id;
    const watched = await run([...submit, "--webhook", endpointId, "--watch", "--json"]);
    const [line] = (await run(["jobs", "results", JSON.parse(watched.stdout).id])).stdout.split("\n");
    expect(JSON.parse(line ?? "").explanation).toMatchObject({ method: "SHAP", target: "ham", evaluations: 7 });
    expect(await gateway.sql("select 1 from webhook_deliveries where endpoint_id = $1", [endpointId])).toHaveLength(1);
    expect(await run(["jobs", "submit", file, "--model", "mail", "--samples", "16"])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/--samples goes with --explain/),
    });
    expect(await run([...submit.slice(0, 6), "guess"])).toMatchObject({ exitCode: 1 });
  });

  test("asks a model and shows what was used", async () => {
    expect(await run(["infer", "mail", "free money now", "--top-k", "2"])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^(spam|ham) +0\.\d{4}\n(spam|ham) +0\.\d{4}\n$/),
    });
    expect((await run(["usage"])).stdout).toMatch(/mail +inputs +\d+/);
  });

  test("tells a script by its exit code what came of it", async () => {
    expect(await run(["jobs", "show", "job_none"])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^NOT_FOUND: /),
    });
    expect(await run(["jobs", "dance"])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/There is no command jobs dance/),
    });
    expect(await run(["infer"])).toMatchObject({ exitCode: 2 });
    expect(await run(["usage", "--colour"])).toMatchObject({ exitCode: 2 });
    expect(await run(["usage"], { url: "http://127.0.0.1:9" })).toMatchObject({ exitCode: 4 });
    expect(await run(["usage"], { apiKey: undefined })).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/TOLLGATE_API_KEY/),
    });
    expect(await run(["help"])).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("jobs submit") });
  });
});

test("whoever signed in is kept in a file of their own, and asked for again when the access token is old", async () => {
  const { writeSignedIn } = await import("../../../src/edge/cli/client/signed-in.ts");
  const answer = await gateway
    .client()
    .ask("mutation($input: SignInInput!) { signIn(input: $input) { accessToken refreshToken expiresAt } }", {
      input: { email: tenant.ownerEmail, password: tenant.ownerPassword },
    });
  const file = path.join(folder, "signed-in.json");
  const old = { ...answer.data.signIn, expiresAt: new Date(0).toISOString() };
  await writeSignedIn(file, { url: gateway.url, email: tenant.ownerEmail, ...old });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await run(["jobs", "list"], { apiKey: undefined })).toMatchObject({ exitCode: 0 });
  const kept = JSON.parse(await readFile(file, "utf8"));
  expect(kept.refreshToken).not.toBe(old.refreshToken);
  expect(await run(["logout"], { apiKey: undefined })).toMatchObject({ exitCode: 0 });
  expect(await run(["jobs", "list"], { apiKey: undefined })).toMatchObject({ exitCode: 2 });
});
