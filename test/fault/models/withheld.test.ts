import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { startTestGateway, type TestGateway } from "../../support/gateway.ts";
import { tinyModelsFolder } from "../../support/tiny-models-folder.ts";

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway({ MODELS_DIR: await tinyModelsFolder("loop") });
});

afterAll(async () => {
  await gateway.close();
});

function turns(count: bigint) {
  const data = Buffer.from(BigInt64Array.of(count).buffer).toString("base64");
  return { tensor: { dtype: "int64", shape: [1], data } };
}

test("inputs of one tenant that hang a platform's model cost that tenant the model for a while, and nobody else anything", async () => {
  const bad = await gateway.createTenant("Bad");
  const good = await gateway.createTenant("Good");
  const endless = { model: "loop", inputs: [turns(10n ** 15n)], deadlineMs: 200 };
  const refused = await eventually(
    async () => {
      const [error] = (await bad.key.infer(endless)).errors;
      return error?.extensions.code === "MODEL_WITHHELD" ? error : undefined;
    },
    { withinMs: 60_000, what: "it is kept from the tenant" },
  );
  expect(refused.extensions.retryAfterMs).toBeGreaterThan(0);
  const shown = await bad.owner.ask(
    '{ model(name: "loop") { versions { id state } } auditEvents(first: 1) { nodes { action actorId subjectId details } } }',
  );
  const [version] = shown.data.model.versions;
  expect(version.state).toBe("READY");
  const details = { reason: "it gave no answer in time", minutes: 10, input: "inputs[0]" };
  const event = { action: "model_version.withheld", actorId: "tollgate", subjectId: version.id };
  expect(shown.data.auditEvents.nodes).toEqual([{ ...event, details }]);
  const operator = await gateway.createOperator();
  const ofPlatform = await operator.ask("{ auditEvents(first: 5) { nodes { action actorId subjectId details } } }");
  expect(ofPlatform.data.auditEvents.nodes).toContainEqual({ ...event, details: { ...details, tenantId: bad.id } });

  const answered = await good.key.infer({ model: "loop", inputs: [turns(3n)] });
  expect(answered.errors).toEqual([]);
  const [charged] = await gateway.sql(
    "select coalesce(sum(quantity), 0)::int as inputs from usage_events where tenant_id = $1",
    [bad.id],
  );
  expect(charged).toEqual({ inputs: 0 });
});
