import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newId } from "../../../src/core/ids.ts";
import { startTestGateway, type TestGateway, type TestTenant } from "../../support/gateway.ts";
import { GraphqlClient } from "../../support/graphql-client.ts";
import { greySquare } from "../../support/people.ts";

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});

afterAll(async () => {
  await gateway.close();
});

async function tenantWithQuota(quota: number): Promise<TestTenant> {
  const tenant = await gateway.createTenant();
  const id = newId("planVersion");
  const planId = newId("plan");
  await gateway.sql("insert into plans (id, name) values ($1, $1)", [planId]);
  await gateway.sql("insert into plan_versions (id, plan_id, version, currency) values ($1, $2, 1, 'USD')", [
    id,
    planId,
  ]);
  await gateway.sql("insert into plan_prices (plan_version_id, meter, unit_price_micros) values ($1, 'inputs', 100)", [
    id,
  ]);
  await gateway.sql(
    "insert into plan_limits (id, plan_version_id, applies_to, kind, meter, period, quantity) values ($1, $1, 'TENANT', 'QUOTA', 'inputs', 'BILLING_PERIOD', $2)",
    [id, quota],
  );
  await gateway.sql("update subscriptions set plan_version_id = $1 where tenant_id = $2", [id, tenant.id]);
  return tenant;
}

const eventsOf = async (tenant: TestTenant) =>
  (await gateway.sql("select quantity::int from usage_events where tenant_id = $1", [tenant.id])).map(
    (row) => row.quantity,
  );

describe("a quota of inputs", () => {
  test("admits exactly what is left, of any number of requests at once on two gateways", async () => {
    const tenant = await tenantWithQuota(40);
    const replica = await gateway.addReplica();
    const clients = [tenant.key, new GraphqlClient(replica.url, tenant.secret)];
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) => clients[index % 2]?.infer({ model: "digits", inputs: [greySquare] })),
    );
    const admitted = answers.filter((answer) => answer?.errors.length === 0);
    const refused = answers.flatMap((answer) => answer?.errors ?? []);
    expect(admitted).toHaveLength(40);
    expect(new Set(refused.map((error) => error.extensions.code))).toEqual(new Set(["QUOTA_EXCEEDED"]));
    expect(refused).toHaveLength(160);
    expect(await eventsOf(tenant)).toHaveLength(40);
  });

  test("names the limit, what is used and when it resets; limits show the same", async () => {
    const tenant = await tenantWithQuota(2);
    await tenant.key.infer({ model: "digits", inputs: [greySquare, greySquare] });
    const { errors } = await tenant.key.infer({ model: "digits", inputs: [greySquare] });
    const limits = await tenant.key.ask("{ limits { kind meter limit used remaining resetsAt scope } }");
    const [shown] = limits.data.limits;
    expect(shown).toMatchObject({ kind: "QUOTA", meter: "inputs", limit: 2, used: 2, remaining: 0, scope: "tenant" });
    expect(errors[0]?.extensions).toMatchObject({
      code: "QUOTA_EXCEEDED",
      retryable: false,
      limit: { kind: "QUOTA", meter: "inputs", limit: 2, used: 2, requested: 1, resetsAt: shown.resetsAt },
    });
  });

  test("never lets one operation of many infer fields past it", async () => {
    const tenant = await tenantWithQuota(10);
    const fields = Array.from({ length: 100 }, (_, index) => `f${index}: infer(input: $input) { id }`).join(" ");
    const answer = await tenant.key.send(`mutation($input: InferInput!) { ${fields} }`, {
      input: { model: "digits", inputs: [greySquare] },
    });
    expect(answer.errors.every((error) => error.extensions.code === "QUOTA_EXCEEDED")).toBe(true);
    expect(await eventsOf(tenant)).toHaveLength(10);
  });

  test("admits again at once when the plan gives more", async () => {
    const tenant = await tenantWithQuota(1);
    await tenant.key.infer({ model: "digits", inputs: [greySquare] });
    expect((await tenant.key.infer({ model: "digits", inputs: [greySquare] })).errors[0]?.extensions.code).toBe(
      "QUOTA_EXCEEDED",
    );
    await gateway.sql(
      "update plan_limits set quantity = 5 where plan_version_id = (select plan_version_id from subscriptions where tenant_id = $1)",
      [tenant.id],
    );
    expect((await tenant.key.infer({ model: "digits", inputs: [greySquare] })).errors).toEqual([]);
  });
});

test("a tenant without a plan is refused, never served for nothing", async () => {
  const tenant = await gateway.createTenant();
  await gateway.sql("update subscriptions set ends_at = now() + interval '1 microsecond' where tenant_id = $1", [
    tenant.id,
  ]);
  const { errors } = await tenant.key.infer({ model: "digits", inputs: [greySquare] });
  expect(errors[0]?.extensions.code).toBe("FORBIDDEN");
  expect(await eventsOf(tenant)).toEqual([]);
});
