import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { startTestGateway, type TestGateway, type TestTenant } from "../../support/gateway.ts";
import type { GraphqlClient } from "../../support/graphql-client.ts";
import { greySquare } from "../../support/people.ts";
import { numberInput, RegistryClient, timesFile } from "../../support/registry.ts";

let gateway: TestGateway;
let operator: GraphqlClient;
let tenant: TestTenant;
let stranger: TestTenant;

beforeAll(async () => {
  gateway = await startTestGateway();
  [operator, tenant, stranger] = [
    await gateway.createOperator(),
    await gateway.createTenant("Harbour"),
    await gateway.createTenant("Stranger"),
  ];
  await new RegistryClient(tenant.owner).register("times", timesFile(2));
});

afterAll(async () => {
  await gateway.close();
});

const engine = `{ engine { isReady restarts inFlightMb
  runners { state isSpare provider tenant { name } versions { model version } sessionMb residentMb }
  lanes { version { model version state tenant { name } } queuedInputs msPerInput inputsPerSecond strikes
          tenants { tenant { name } queuedInputs share } } } }`;
const lastHour = `query($name: String!) { model(name: $name) { versions {
  lastHour { startsAt inputs batches largestBatch queueP50Ms queueP99Ms runP50Ms runP99Ms } } } }`;

test("an operator sees the runners, what stands on them, and the lanes with their rates", async () => {
  await tenant.key.infer({ model: "digits", inputs: [greySquare, greySquare] });
  await tenant.key.infer({ model: "times", inputs: [numberInput(3)] });
  const shown = (await operator.ask(engine)).data.engine;
  expect(shown).toMatchObject({ isReady: true, restarts: 0, inFlightMb: 0 });
  const platforms = shown.runners.filter((runner: { tenant: unknown }) => runner.tenant === null);
  expect(platforms.map((runner: { isSpare: boolean }) => runner.isSpare)).toEqual([false, true]);
  expect(platforms[0]).toMatchObject({ state: "READY", provider: "CPU" });
  expect(platforms[0].versions).toContainEqual({ model: "digits", version: 1 });
  expect(platforms[0].residentMb).toBeGreaterThan(10);
  const guest = shown.runners.find((runner: { tenant: unknown }) => runner.tenant !== null);
  expect(guest).toMatchObject({ tenant: { name: "Harbour" }, versions: [{ model: "times", version: 1 }] });
  const laneOf = (name: string) =>
    shown.lanes.find((lane: { version: { model: string } }) => lane.version.model === name);
  expect(laneOf("digits")).toMatchObject({ queuedInputs: 0, strikes: 0, tenants: [], version: { tenant: null } });
  expect(laneOf("digits").inputsPerSecond).toBeGreaterThan(0);
  expect(laneOf("mail").inputsPerSecond).toBe(0);
  expect(laneOf("times").version).toEqual({ model: "times", version: 1, state: "READY", tenant: { name: "Harbour" } });
});

test("a lane tells which tenants wait, and what part of it is due to each", async () => {
  const inputs = Array.from({ length: 256 }, () => ({ text: "word ".repeat(200) }));
  const asking = [tenant, tenant, tenant, stranger].map(({ key }) => key.infer({ model: "mail", inputs }));
  const lane = await eventually(
    async () => {
      const { lanes } = (await operator.ask(engine)).data.engine;
      return lanes.find((one: { tenants: unknown[] }) => one.tenants.length === 2);
    },
    { withinMs: 20_000, what: "two tenants wait in a lane" },
  );
  for (const answer of await Promise.all(asking)) expect(answer.errors).toEqual([]);
  expect(lane.version.model).toBe("mail");
  expect(lane.tenants.map((queue: { share: number }) => queue.share)).toEqual([0.5, 0.5]);
  const queued = lane.tenants.reduce((sum: number, queue: { queuedInputs: number }) => sum + queue.queuedInputs, 0);
  expect(queued).toBe(lane.queuedInputs);
});

test("how a version ran is told to whoever owns it, and to nobody else", async () => {
  await tenant.key.infer({ model: "times", inputs: [numberInput(1), numberInput(2)] });
  const own = (await tenant.owner.ask(lastHour, { name: "times" })).data.model.versions[0].lastHour;
  const inputs = own.reduce((sum: number, minute: { inputs: number }) => sum + minute.inputs, 0);
  expect(inputs).toBeGreaterThanOrEqual(2);
  expect(own[0].runP99Ms).toBeGreaterThanOrEqual(own[0].runP50Ms);
  await tenant.key.infer({ model: "digits", inputs: [greySquare] });
  expect((await tenant.owner.ask(lastHour, { name: "digits" })).data.model.versions[0].lastHour).toEqual([]);
  expect((await operator.ask(lastHour, { name: "digits" })).data.model.versions[0].lastHour).not.toEqual([]);
});

test("explaining has a price before it is asked for, and is charged at it", async () => {
  const explain = { method: "OCCLUSION" };
  const input = { model: "mail", inputs: [{ text: "You have won a prize" }], explain };
  const told = await tenant.key.ask(
    "query($input: ExplainCostInput!) { explainCost(input: $input) { quantity amount } }",
    {
      input,
    },
  );
  const answer = await tenant.key.infer(input, "usage { meter quantity amount }");
  const { quantity, amount } = told.data.explainCost;
  expect(answer.data.infer.usage).toContainEqual({ meter: "inputs", quantity, amount });
  expect(BigInt(amount)).toBeGreaterThan(0n);
});

test("a version tells how its answers can be explained", async () => {
  const ask = "query($name: String!) { model(name: $name) { versions { explainMethods } } }";
  const methodsOf = async (name: string) => (await tenant.key.ask(ask, { name })).data.model.versions[0].explainMethods;
  expect(await methodsOf("digits")).toEqual(["OCCLUSION", "INTEGRATED_GRADIENTS", "SHAP"]);
  expect(await methodsOf("mail-attention")).toEqual(["OCCLUSION", "SHAP", "ATTENTION"]);
});

test.each(["{ engine { isReady } }", "{ hostedModels { nodes { name } } }", "{ ledgerDrift { lookedAt } }"])(
  "%s is not for a tenant's owner",
  async (query) => {
    const { errors } = await tenant.owner.send(query);
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(["FORBIDDEN"]);
  },
);
