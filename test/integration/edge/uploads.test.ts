import { readdir } from "node:fs/promises";
import { request } from "node:http";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { startTestGateway, type TestGateway, type TestTenant } from "../../support/gateway.ts";
import { digestOf, RegistryClient, timesFile } from "../../support/registry.ts";

let gateway: TestGateway;
let tenant: TestTenant;
let registry: RegistryClient;

beforeAll(async () => {
  gateway = await startTestGateway({ MAX_ARTIFACT_MB: "1", MAX_ARTIFACTS_MB_PER_TENANT: "1" });
  tenant = await gateway.createTenant();
  registry = new RegistryClient(tenant.key);
});

afterAll(async () => {
  await gateway.close();
});

const mebibyte = 1024 * 1024;
const mutation =
  "mutation($input: RegisterModelVersionInput!) { registerModelVersion(input: $input) { version state digest } }";

/** What lies in the gateway's store, files that came to no end included. */
async function storedFiles(): Promise<string[]> {
  const entries = await readdir(path.join(gateway.dataDir, "artifacts"), {
    recursive: true,
    withFileTypes: true,
  }).catch(() => []);
  return entries.flatMap((entry) => (entry.isFile() ? [entry.name] : [])).sort();
}

async function codeOf(response: Response): Promise<[number, string | undefined]> {
  const body = (await response.json()) as { errors?: { extensions: { code: string } }[] };
  return [response.status, body.errors?.[0]?.extensions.code];
}

describe("PUT /artifacts", () => {
  test("takes a file, and answers a repeat at once", async () => {
    const file = timesFile(1);
    const first = await registry.put(file);
    expect([first.status, await first.json()]).toEqual([201, { digest: digestOf(file), bytes: file.length }]);
    const again = await registry.put(file);
    expect([again.status, await again.json()]).toEqual([200, { digest: digestOf(file), bytes: file.length }]);
    expect(await storedFiles()).toEqual([digestOf(file)]);
  });

  test("refuses another digest, an empty file, and one that is too large, and keeps nothing of them", async () => {
    const before = await storedFiles();
    expect(await codeOf(await registry.put(timesFile(2), digestOf(timesFile(3))))).toEqual([409, "CONFLICT"]);
    expect(await codeOf(await registry.put(new Uint8Array()))).toEqual([400, "INVALID_INPUT"]);
    expect(await codeOf(await registry.put(new Uint8Array(mebibyte + 1)))).toEqual([400, "INVALID_INPUT"]);
    expect(await codeOf(await registry.put(timesFile(2), "nothing"))).toEqual([400, "INVALID_INPUT"]);
    expect(await storedFiles()).toEqual(before);
    expect(await gateway.sql("select digest from artifacts")).toEqual([{ digest: digestOf(timesFile(1)) }]);
  });

  test("asks who it is before it reads, and whether they may", async () => {
    const nobody = new RegistryClient(gateway.client("tg_nothing"));
    expect(await codeOf(await nobody.put(timesFile(4)))).toEqual([401, "UNAUTHENTICATED"]);
    const issued = await tenant.owner.ask(
      'mutation { issueApiKey(input: { name: "reader", permissions: ["models:read"] }) { secret } }',
    );
    const reader = new RegistryClient(gateway.client(issued.data.issueApiKey.secret));
    expect(await codeOf(await reader.put(timesFile(4)))).toEqual([403, "FORBIDDEN"]);
  });

  test("keeps nothing of a file whose sender left in the middle", async () => {
    const before = await storedFiles();
    const file = timesFile(5);
    const sending = request(`${gateway.url}/artifacts/${digestOf(file)}`, {
      method: "PUT",
      headers: { authorization: `Bearer ${tenant.secret}`, "content-length": file.length },
    });
    sending.on("error", () => undefined);
    sending.write(file.subarray(0, 20));
    await eventually(async () => (await storedFiles()).length > before.length, {
      withinMs: 5_000,
      what: "it is coming",
    });
    sending.destroy();
    await eventually(async () => (await storedFiles()).length === before.length, {
      withinMs: 5_000,
      what: "it is gone",
    });
    expect((await registry.put(file)).status).toBe(201);
  });
});

describe("a multipart request", () => {
  function form(operation: unknown, places: unknown, file?: Uint8Array): FormData {
    const parts = new FormData();
    if (operation !== undefined) parts.append("operations", JSON.stringify(operation));
    if (places !== undefined) parts.append("map", JSON.stringify(places));
    if (file !== undefined) parts.append("0", new Blob([new Uint8Array(file)]), "model.onnx");
    return parts;
  }

  async function post(body: FormData, headers: Record<string, string> = { "apollo-require-preflight": "true" }) {
    return await fetch(`${gateway.url}/graphql`, {
      method: "POST",
      headers: { authorization: `Bearer ${tenant.secret}`, ...headers },
      body,
    });
  }

  const operations = (model: string) => ({ query: mutation, variables: { input: { model, file: null } } });
  const map = { "0": ["variables.input.file"] };

  test("brings a file and registers it in one", async () => {
    const file = timesFile(6);
    const response = await post(form(operations("uploaded"), map, file));
    expect(await response.json()).toEqual({
      data: { registerModelVersion: { version: 1, state: "READY", digest: digestOf(file) } },
    });
  });

  test("is refused without the header that another site's page cannot send, and nothing is taken in", async () => {
    const before = await storedFiles();
    expect(await codeOf(await post(form(operations("forged"), map, timesFile(7)), {}))).toEqual([400, "INVALID_INPUT"]);
    expect(await storedFiles()).toEqual(before);
  });

  test.each<[string, FormData]>([
    ["without operations", form(undefined, map, timesFile(8))],
    ["without a map", form(operations("m"), undefined, timesFile(8))],
    ["with a map to nowhere", form(operations("m"), { "0": ["variables.nothing.file"] }, timesFile(8))],
    ["with a map into what is no variable", form(operations("m"), { "0": ["query"] }, timesFile(8))],
    ["with a map into the prototype", form(operations("m"), { "0": ["variables.__proto__.file"] }, timesFile(8))],
    ["without the file of its map", form(operations("m"), map)],
    ["with a file that is too large", form(operations("m"), map, new Uint8Array(mebibyte + 1))],
    ["with a batch of operations", form([operations("m")], map, timesFile(8))],
  ])("is refused %s", async (_what, body) => {
    expect(await codeOf(await post(body))).toEqual([400, "INVALID_INPUT"]);
    expect((await tenant.owner.send('{ model(name: "m") { id } }')).errors).toHaveLength(1);
  });

  test("in JSON, an upload is nothing", async () => {
    const answer = await registry.sendRegister({ model: "m", file: { digest: digestOf(timesFile(1)), bytes: 1 } });
    expect(answer.errors.map((error) => error.extensions.code)).toEqual(["INVALID_INPUT"]);
  });
});

test("a tenant whose files fill its share is told so, and others are not", async () => {
  const large = new Uint8Array(mebibyte).fill(1);
  expect((await registry.put(large)).status).toBe(201);
  expect(await codeOf(await registry.put(timesFile(9)))).toEqual([409, "CONFLICT"]);
  const other = new RegistryClient((await gateway.createTenant("Other")).key);
  expect((await other.put(timesFile(9))).status).toBe(201);
});
