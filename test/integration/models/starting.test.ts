import { beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { CapturedLog } from "../../support/captured-log.ts";
import { knock } from "../../support/door.ts";
import { eventually } from "../../support/eventually.ts";
import { startTestGateway } from "../../support/gateway.ts";
import { itsNumbers, numberInput, numbersOf, RegistryClient, timesFile } from "../../support/registry.ts";
import { S3Server } from "../../support/s3-server.ts";
import { tinyModelsFolder } from "../../support/tiny-models-folder.ts";

beforeAll(() => {
  vi.stubEnv("AWS_ACCESS_KEY_ID", "somebody");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "something");
});

test("a gateway that starts says what it still loads and is not ready, and answers with the versions that are", async () => {
  const s3 = await S3Server.start();
  onTestFinished(() => s3.close());
  const log = new CapturedLog();
  const environment = {
    ARTIFACT_STORE: s3.address,
    MODELS_DIR: await tinyModelsFolder("lookup"),
    LOG_LEVEL: "info",
  };
  const gateway = await startTestGateway(environment, { log });
  onTestFinished(() => gateway.close());
  const tenant = await gateway.createTenant();
  const { id } = await new RegistryClient(tenant.owner).register("slow", timesFile(2));

  const letGo = s3.holdReading();
  const replica = await gateway.openReplica();
  const key = gateway.client(tenant.secret, replica);
  const lookUp = { model: "lookup", inputs: [{ tensor: [3] }] };
  await eventually(async () => (await key.infer(lookUp)).errors.length === 0, {
    withinMs: 20_000,
    what: "the version that is ready answers",
  });
  const starting = await knock(replica.url, "/readyz");
  expect(starting.status).toBe(503);
  expect(starting.json.checks).toEqual({ database: "ok", runners: "ok", models: "a version is still loading" });
  const [refused] = (await key.infer({ model: "slow", inputs: [numberInput(2)] })).errors;
  expect(refused?.extensions.code).toBe("MODEL_NOT_READY");
  const [told] = log.events({ msg: "loads versions" }).slice(-1);
  expect(told?.["versions"]).toContain(`slow/1 (${id})`);
  expect(log.events({ msg: "versions are loaded" })).toHaveLength(1);

  letGo();
  await replica.ready;
  expect((await knock(replica.url, "/readyz")).status).toBe(200);
  const answer = await key.infer({ model: "slow", inputs: [numberInput(2)] }, `outputs { ${itsNumbers} }`);
  expect(numbersOf(answer.data.infer.outputs[0])).toEqual([4]);
});

test("a gateway asked to stop while versions load does not wait for them", async () => {
  const s3 = await S3Server.start();
  onTestFinished(() => s3.close());
  const gateway = await startTestGateway({ ARTIFACT_STORE: s3.address, MODELS_DIR: await tinyModelsFolder("lookup") });
  onTestFinished(() => gateway.close());
  const tenant = await gateway.createTenant();
  await new RegistryClient(tenant.owner).register("slow", timesFile(2));
  const letGo = s3.holdReading();
  onTestFinished(letGo);
  const replica = await gateway.openReplica();
  await replica.close();
  expect((await knock(gateway.url, "/readyz")).status).toBe(200);
});
