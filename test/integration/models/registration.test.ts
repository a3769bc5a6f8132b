import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestGateway, type TestGateway, type TestTenant } from "../../support/gateway.ts";
import { RegistryClient, tinyFile } from "../../support/registry.ts";

let gateway: TestGateway;
let tenant: TestTenant;
let registry: RegistryClient;

beforeAll(async () => {
  gateway = await startTestGateway();
  tenant = await gateway.createTenant();
  registry = new RegistryClient(tenant.key);
});

afterAll(async () => {
  await gateway.close();
});

test("a file that was brought and registered without a word about it is scanned, tried, ready, and answers", async () => {
  const registered = await registry.register("adder", tinyFile("sum"));
  expect(registered).toMatchObject({ version: 1, state: "READY", stateReason: null });
  const tensor = {
    dtype: "float32",
    shape: [3],
    data: Buffer.from(Float32Array.of(1, 2, 3).buffer).toString("base64"),
  };
  const answer = await tenant.key.infer(
    { model: "adder", inputs: [{ tensor }] },
    "outputs { label score } version { version }",
  );
  expect(answer.data.infer).toEqual({ outputs: [{ label: "0", score: 6 }], version: { version: 1 } });
});
