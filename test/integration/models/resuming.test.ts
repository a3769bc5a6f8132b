import { expect, onTestFinished, test } from "vitest";
import { newId } from "../../../src/core/ids.ts";
import { eventually } from "../../support/eventually.ts";
import { startTestGateway } from "../../support/gateway.ts";
import { itsNumbers, numberInput, numbersOf, RegistryClient, timesFile } from "../../support/registry.ts";

async function start() {
  const gateway = await startTestGateway();
  onTestFinished(() => gateway.close());
  const tenant = await gateway.createTenant();
  return { gateway, tenant, registry: new RegistryClient(tenant.owner) };
}

/** As a gateway leaves it that is killed while it brings the version on. */
const abandoned = `
  update model_versions set state = $2, holder = $3, attempts = $4, manifest = case when $2 = 'DRAINING' then manifest end
   where id = $1`;

test.each(["SCANNING", "VALIDATING", "WARMING"])(
  "what a gateway left in %s when it was killed, another brings to its end",
  async (state) => {
    const { gateway, registry } = await start();
    const { id } = await registry.register("left", timesFile(2));
    await gateway.sql(abandoned, [id, state, newId("instance"), 1]);
    const stateIn = async () =>
      (await gateway.sql("select state, attempts from model_versions where id = $1", [id]))[0];
    await eventually(async () => (await stateIn())?.["attempts"] === 2, { withinMs: 20_000, what: "it is taken over" });
    await eventually(async () => (await stateIn())?.["state"] === "READY", { withinMs: 20_000, what: "it is ready" });
  },
);

test("a version that has ended gateway after gateway is rejected, and not tried for ever", async () => {
  const { gateway, registry } = await start();
  const { id } = await registry.register("deadly", timesFile(2));
  await gateway.sql(abandoned, [id, "WARMING", newId("instance"), 3]);
  await eventually(async () => (await registry.stateOf("deadly", 1)) === "REJECTED", {
    withinMs: 20_000,
    what: "it is given up",
  });
});

test("what was draining when its gateway was killed is retired by another", async () => {
  const { gateway, registry } = await start();
  await registry.register("drained", timesFile(1));
  const { id } = await registry.register("drained", timesFile(2));
  await gateway.sql(abandoned, [id, "DRAINING", newId("instance"), 1]);
  await eventually(async () => (await registry.stateOf("drained", 2)) === "RETIRED", {
    withinMs: 20_000,
    what: "it is retired",
  });
});

test("a replica loads what another has registered, and a restart serves what it was left with", async () => {
  const { gateway, tenant, registry } = await start();
  const replica = await gateway.addReplica();
  await registry.register("shared", timesFile(3));
  const there = gateway.client(tenant.secret, replica);
  const ask = async () => await there.infer({ model: "shared", inputs: [numberInput(2)] }, `outputs { ${itsNumbers} }`);
  const answer = await eventually(
    async () => {
      const asked = await ask();
      return asked.errors.length === 0 ? asked : undefined;
    },
    { withinMs: 10_000, what: "the replica answers" },
  );
  expect(numbersOf(answer.data.infer.outputs[0])).toEqual([6]);
  const restarted = gateway.client(tenant.secret, await gateway.addReplica());
  const again = await restarted.infer({ model: "shared", inputs: [numberInput(3)] }, `outputs { ${itsNumbers} }`);
  expect(numbersOf(again.data.infer.outputs[0])).toEqual([9]);
});
