import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { openDatabase } from "../../../src/platform/database.ts";
import { startTestGateway, type TestGateway, type TestTenant } from "../../support/gateway.ts";
import type { GraphqlClient } from "../../support/graphql-client.ts";
import { greySquare } from "../../support/people.ts";
import { changePlan, createPlan, inferGrey, inputsAt } from "../../support/plan-requests.ts";

let gateway: TestGateway;
let operator: GraphqlClient;
let tenant: TestTenant;

beforeAll(async () => {
  gateway = await startTestGateway();
  operator = await gateway.createOperator();
});

afterAll(async () => {
  await gateway.close();
});

const setTenantLimit = "mutation($input: SetTenantLimitInput!) { setTenantLimit(input: $input) { id replacesPlan } }";
const limitsQuery = "{ limits { id kind mode meter period limit used remaining resetsAt scope alerts { threshold } } }";

/** A new tenant on the plan. */
async function tenantOn(plan: string): Promise<TestTenant> {
  const made = await gateway.createTenant();
  await operator.ask(changePlan, { input: { tenantId: made.id, plan } });
  return made;
}

describe("a stranger", () => {
  test("defines a plan, runs out of it, sees why, and changes it", async () => {
    await createPlan(operator, {
      name: "small",
      terms: {
        currency: "USD",
        flatFeeMicros: "5000000",
        prices: [
          {
            meter: "inputs",
            scheme: "GRADUATED",
            included: 1,
            tiers: [
              { upTo: 1, unitPriceMicros: "100" },
              { unitPriceMicros: "10", flatFeeMicros: "7" },
            ],
          },
        ],
        limits: [
          { kind: "QUOTA", meter: "inputs", period: "BILLING_PERIOD", limit: 4 },
          { kind: "REQUEST_INPUTS", limit: 3 },
          { kind: "RATE_LIMIT", meter: "requests", limit: 100, refillPerSecond: 50 },
        ],
      },
    });
    tenant = await tenantOn("small");
    const answer = await inferGrey(tenant.key, 3);
    // One is free, one costs 100, and the third reaches the tier that costs 7 and 10.
    expect(answer.data.infer.usage).toEqual([{ meter: "inputs", quantity: 3, amount: "117" }]);
    const refused = await inferGrey(tenant.key, 2);
    const { limits } = (await tenant.key.ask(limitsQuery)).data;
    const quota = limits.find((limit: { kind: string }) => limit.kind === "QUOTA");
    expect(quota).toMatchObject({ limit: 4, used: 3, remaining: 1, scope: "tenant", alerts: [{ threshold: 50 }] });
    expect(refused.errors[0]?.extensions).toMatchObject({
      code: "QUOTA_EXCEEDED",
      limit: {
        id: quota.id,
        kind: "QUOTA",
        scope: "tenant",
        meter: "inputs",
        limit: 4,
        used: 3,
        requested: 2,
        resetsAt: quota.resetsAt,
      },
    });
    expect((await inferGrey(tenant.key, 4)).errors[0]?.extensions).toMatchObject({
      code: "INVALID_INPUT",
      limit: { kind: "REQUEST_INPUTS" },
    });

    await operator.ask("mutation($input: CreatePlanVersionInput!) { createPlanVersion(input: $input) { version } }", {
      input: { plan: "small", basedOn: 1, terms: { currency: "USD", prices: [inputsAt("50")], limits: [] } },
    });
    expect((await inferGrey(tenant.key, 2)).errors[0]?.extensions.code).toBe("QUOTA_EXCEEDED");
    const moved = await operator.ask(changePlan, { input: { tenantId: tenant.id, plan: "small" } });
    expect(moved.data.changePlan).toMatchObject({ plan: { name: "small", version: 2 }, endsAt: null });
    expect((await inferGrey(tenant.key, 2)).data.infer.usage).toEqual([
      { meter: "inputs", quantity: 2, amount: "100" },
    ]);
    const shown = await tenant.owner.ask("{ tenant { subscriptions { plan { name version } endsAt } } }");
    expect(shown.data.tenant.subscriptions).toMatchObject([
      { plan: { name: "small", version: 2 }, endsAt: null },
      { plan: { name: "small", version: 1 }, endsAt: moved.data.changePlan.startsAt },
      { plan: { name: "standard" } },
    ]);
  });
});

describe("limits of one's own", () => {
  const quota = (limit: number) => ({ kind: "QUOTA", meter: "inputs", period: "DAY", limit });

  test("an owner makes the tenant's stricter, never looser; what an operator set stays", async () => {
    const own = await gateway.createTenant();
    const { setTenantLimit: set } = (
      await operator.ask(setTenantLimit, { input: { tenantId: own.id, limit: quota(2) } })
    ).data;
    expect(set.replacesPlan).toBe(true);
    await own.owner.ask(setTenantLimit, { input: { limit: quota(100) } });
    expect((await inferGrey(own.key, 3)).errors[0]?.extensions).toMatchObject({
      code: "QUOTA_EXCEEDED",
      limit: { limit: 2 },
    });
    const remove = "mutation($input: RemoveLimitInput!) { removeLimit(input: $input) { id } }";
    expect((await own.owner.refusal(remove, { input: { id: set.id } })).extensions.code).toBe("NOT_FOUND");
    await operator.ask(remove, { input: { tenantId: own.id, id: set.id } });
    expect((await inferGrey(own.key, 3)).errors).toEqual([]);
  });

  test("a key has its own from the start, shows them, and hands them to the key that takes its place", async () => {
    const own = await gateway.createTenant();
    const issue = "mutation($input: IssueApiKeyInput!) { issueApiKey(input: $input) { secret apiKey { id } } }";
    const { issueApiKey: issued } = (
      await own.owner.ask(issue, {
        input: { name: "small", permissions: ["inferences:create", "usage:read"], limits: [quota(2)] },
      })
    ).data;
    const key = gateway.client(issued.secret);
    expect((await inferGrey(key, 3)).errors[0]?.extensions).toMatchObject({
      code: "QUOTA_EXCEEDED",
      limit: { scope: issued.apiKey.id, limit: 2 },
    });
    await inferGrey(key, 1);
    const shown = (await key.ask(limitsQuery)).data.limits;
    expect(shown).toContainEqual(
      expect.objectContaining({ scope: issued.apiKey.id, period: "DAY", used: 1, limit: 2 }),
    );
    const rotate = "mutation($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { secret } }";
    const rotated = (await own.owner.ask(rotate, { input: { id: issued.apiKey.id } })).data.rotateApiKey;
    expect((await inferGrey(gateway.client(rotated.secret), 3)).errors[0]?.extensions.code).toBe("QUOTA_EXCEEDED");
  });

  test("the database itself lets no tenant loosen what it was given", async () => {
    const own = await gateway.createTenant();
    const database = await openDatabase(gateway.databaseUrl);
    onTestFinished(() => database.close());
    const loosen = database.tenantSql(own.id, {
      text: `insert into tenant_limits (tenant_id, id, replaces_plan, kind, meter, period, quantity, created_by)
             values ($1, 'lim_x', true, 'QUOTA', 'inputs', 'BILLING_PERIOD', 1000, 'x')`,
      values: [own.id],
    });
    await expect(loosen).rejects.toThrow(/row-level security/);
  });
});

describe("a concurrency limit", () => {
  test("refuses what comes while as many are at work, with a time to come again, and lets go before the answer", async () => {
    const own = await gateway.createTenant();
    await operator.ask(setTenantLimit, { input: { tenantId: own.id, limit: { kind: "CONCURRENCY_LIMIT", limit: 1 } } });
    const answers = await Promise.all(Array.from({ length: 8 }, () => inferGrey(own.key, 64)));
    const refused = answers.flatMap(({ errors }) => errors);
    expect(refused.length).toBeGreaterThan(0);
    for (const { extensions } of refused) {
      expect(extensions).toMatchObject({ code: "CONCURRENCY_LIMITED", retryable: true, limit: { limit: 1 } });
      expect(extensions["retryAfterMs"]).toBeGreaterThan(0);
    }
    // One after the other, none meets the lease of the one before.
    for (let turn = 0; turn < 20; turn++) expect((await inferGrey(own.key)).errors).toEqual([]);
  });
});

describe("modes", () => {
  test("soft limits flag the answer, also when it is fetched again; those that only watch are counted", async () => {
    const own = await gateway.createTenant();
    const limit = { kind: "QUOTA", meter: "inputs", period: "HOUR", limit: 0 };
    await operator.ask(setTenantLimit, { input: { tenantId: own.id, limit: { ...limit, mode: "SOFT" } } });
    await operator.ask(setTenantLimit, {
      input: { tenantId: own.id, limit: { ...limit, period: "DAY", mode: "SHADOW" } },
    });
    const ask = () =>
      own.key.infer({ model: "digits", inputs: [greySquare], idempotencyKey: "once" }, "id softLimits { kind limit }");
    const [first, again] = [await ask(), await ask()];
    expect(first.data.infer.softLimits).toEqual([{ kind: "QUOTA", limit: 0 }]);
    expect(again.data).toEqual(first.data);
    const { limits } = (await own.key.ask("{ limits { mode shadowRefusals } }")).data;
    expect(limits).toContainEqual({ mode: "SHADOW", shadowRefusals: 1 });
  });
});

describe("compute", () => {
  test("is charged as it was measured: what the answer says is what the ledger has", async () => {
    await createPlan(operator, {
      name: "by-time",
      terms: { currency: "USD", prices: [inputsAt("0"), { meter: "compute_ms", unitPriceMicros: "1000" }] },
    });
    const own = await tenantOn("by-time");
    const answer = await inferGrey(own.key, 4);
    const [, compute] = answer.data.infer.usage;
    const [row] = await gateway.sql(
      "select sum(quantity)::int as micros, sum(amount_micros)::text as amount from usage_events where tenant_id = $1 and meter = 'compute_ms'",
      [own.id],
    );
    expect(compute).toEqual({ meter: "compute_ms", quantity: row.micros / 1000, amount: row.amount });
    expect(row.micros).toBeGreaterThan(0);
  });
});
