import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { startTestGateway, type TestGateway, type TestTenant } from "../../support/gateway.ts";
import { graph, model, node, value } from "../../support/onnx-writer.ts";
import { RegistryClient, tinyFile } from "../../support/registry.ts";

let gateway: TestGateway;
let tenant: TestTenant;
let registry: RegistryClient;

beforeAll(async () => {
  gateway = await startTestGateway();
  tenant = await gateway.createTenant();
  registry = new RegistryClient(tenant.owner);
});

afterAll(async () => {
  await gateway.close();
});

const harmless = model({
  graph: graph({
    nodes: [node({ inputs: ["turns"], outputs: ["turned"] })],
    inputs: [value("turns", 7)],
    outputs: [value("turned", 7)],
  }),
});

function turns(count: bigint) {
  const data = Buffer.from(BigInt64Array.of(count).buffer).toString("base64");
  return { tensor: { dtype: "int64", shape: [1], data } };
}

test("a version that breaks its runner again and again is taken out of service, and its alias goes back by itself", async () => {
  await registry.register("turning", harmless);
  const ranges = {
    inputs: [{ name: "turns", dtype: "int64", shape: ["batch"] }],
    outputs: [{ name: "turned", dtype: "int64", shape: ["batch"] }],
  };
  const { id } = await registry.register("turning", tinyFile("loop"), { manifest: { signature: ranges } });
  await registry.point({ model: "turning", alias: "stable", targets: [{ version: 2, weight: 100 }] });
  const endless = { model: "turning", inputs: [turns(10n ** 15n)], deadlineMs: 200 };
  await eventually(
    async () => {
      if ((await registry.stateOf("turning", 2)) === "QUARANTINED") return true;
      await tenant.key.infer(endless);
      return false;
    },
    { withinMs: 60_000, what: "it is quarantined" },
  );
  // What it is asked now is answered by the version before.
  const answer = await eventually(
    async () => {
      const asked = await tenant.key.infer({ model: "turning", inputs: [turns(10n ** 15n)] }, "version { version }");
      return asked.errors.length === 0 ? asked : undefined;
    },
    { withinMs: 10_000, what: "the version before answers" },
  );
  expect(answer.data.infer.version).toEqual({ version: 1 });
  const shown = await tenant.owner.ask(
    '{ model(name: "turning") { versions { version state stateReason } aliases { history(first: 1) { cause reason actorId targets { version { version } } } } } }',
  );
  const [, second] = shown.data.model.versions;
  expect(second.stateReason).toEqual(expect.any(String));
  expect(shown.data.model.aliases[0].history).toEqual([
    { cause: "QUARANTINE", reason: second.stateReason, actorId: "tollgate", targets: [{ version: { version: 1 } }] },
  ]);
  const events = await gateway.sql("select action from audit_events where subject_id = $1 order by id", [id]);
  expect(events.map(({ action }) => action)).toEqual([
    "model_version.registered",
    "model_version.ready",
    "model_version.quarantined",
  ]);
});
