import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestGateway, type TestGateway } from "../../support/gateway.ts";
import type { GraphqlClient } from "../../support/graphql-client.ts";
import { changePlan, createPlan, inputsAt } from "../../support/plan-requests.ts";

let gateway: TestGateway;
let operator: GraphqlClient;

const preview = `query($input: ChangePlanInput!) {
  previewPlanChange(input: $input) { isChange startsAt periodEndsAt currency difference feesBefore { amount } feesAfter { description amount } }
}`;
const draftFees = async (client: GraphqlClient) => {
  const { data } = await client.ask("{ invoiceDraft { lines { kind description amount } } }");
  const lines: { kind: string; description: string; amount: string }[] = data.invoiceDraft.lines;
  return lines
    .filter(({ kind }) => kind.startsWith("FLAT_FEE"))
    .map(({ description, amount }) => ({ description, amount }));
};
const terms = (fee: bigint, currency = "USD") => ({
  currency,
  flatFeeMicros: String(fee),
  prices: [inputsAt("1")],
});

beforeAll(async () => {
  gateway = await startTestGateway();
  operator = await gateway.createOperator();
  await createPlan(operator, { name: "open", isSelfService: true, terms: terms(93_000_000n) });
  await createPlan(operator, { name: "closed", terms: terms(31_000_000n) });
  await createPlan(operator, { name: "abroad", isSelfService: true, terms: terms(1n, "EUR") });
});

afterAll(async () => {
  await gateway.close();
});

describe("what a change of plan would cost", () => {
  test("is what the draft says after it, and asking changes nothing", async () => {
    const tenant = await gateway.createTenant();
    const feesNow = await draftFees(tenant.owner);
    const input = { plan: "open", when: "NOW" };
    const { previewPlanChange: told } = (await tenant.owner.ask(preview, { input })).data;
    expect(await draftFees(tenant.owner)).toEqual(feesNow);
    await tenant.owner.ask(changePlan, { input });
    expect(told.isChange).toBe(true);
    expect(await draftFees(tenant.owner)).toEqual(told.feesAfter);
    const sum = (lines: { amount: string }[]) => lines.reduce((total, { amount }) => total + BigInt(amount), 0n);
    expect(BigInt(told.difference)).toBe(sum(told.feesAfter) - sum(told.feesBefore));
    const { previewPlanChange: again } = (await tenant.owner.ask(preview, { input })).data;
    expect(again).toMatchObject({ isChange: false, difference: "0" });
  });

  test("is told to operators of any tenant, of plans that are not self-service too", async () => {
    const tenant = await gateway.createTenant();
    const input = { tenantId: tenant.id, plan: "closed", when: "PERIOD_END" };
    const { previewPlanChange: told } = (await operator.ask(preview, { input })).data;
    expect(told).toMatchObject({ isChange: true, difference: "0", startsAt: told.periodEndsAt, currency: "USD" });
  });

  test("is refused as the change itself would be", async () => {
    const tenant = await gateway.createTenant();
    for (const plan of ["closed", "nowhere", "abroad"]) {
      const [told, done] = [
        await tenant.owner.refusal(preview, { input: { plan } }),
        await tenant.owner.refusal(changePlan, { input: { plan } }),
      ];
      expect([told.extensions.code, told.message], plan).toEqual([done.extensions.code, done.message]);
    }
    expect((await tenant.key.refusal(preview, { input: { plan: "open" } })).extensions.code).toBe("FORBIDDEN");
  });
});

describe("an operator", () => {
  test("reads one tenant and its invoices, which its people cannot do by its id alone", async () => {
    const [tenant, other] = [await gateway.createTenant("One"), await gateway.createTenant("Another")];
    const one = "query($id: ID!) { managedTenant(id: $id) { name currency subscriptions { plan { name } } } }";
    expect((await operator.ask(one, { id: tenant.id })).data.managedTenant).toEqual({
      name: "One",
      currency: "USD",
      subscriptions: [{ plan: { name: "standard" } }],
    });
    expect((await operator.refusal(one, { id: "ten_nobody" })).extensions.code).toBe("NOT_FOUND");
    expect((await tenant.owner.refusal(one, { id: tenant.id })).extensions.code).toBe("FORBIDDEN");

    const invoices = "query($tenantId: ID) { invoices(tenantId: $tenantId) { nodes { tenantId } } }";
    for (const { id } of [tenant, other]) {
      await gateway.sql("update tenants set created_at = '2026-10-02' where id = $1", [id]);
      await gateway.sql("update subscriptions set starts_at = '2026-10-02' where tenant_id = $1", [id]);
      await operator.ask("mutation($id: ID!) { issueInvoice(input: { tenantId: $id }) { id } }", { id });
    }
    const nodes = async (client: GraphqlClient, tenantId: string | null) =>
      (await client.ask(invoices, { tenantId })).data.invoices.nodes;
    expect(await nodes(operator, tenant.id)).toEqual([{ tenantId: tenant.id }]);
    expect(await nodes(operator, null)).toHaveLength(2);
    expect(await nodes(tenant.owner, tenant.id)).toEqual([{ tenantId: tenant.id }]);
    const [theirs, nobodys] = [
      await tenant.owner.refusal(invoices, { tenantId: other.id }),
      await tenant.owner.refusal(invoices, { tenantId: "ten_nobody" }),
    ];
    expect(theirs.message).toBe(nobodys.message);
    expect(theirs.extensions.code).toBe("NOT_FOUND");
  });

  test("sees a plan's versions, the latest first, and nobody else does", async () => {
    const next = "mutation($input: CreatePlanVersionInput!) { createPlanVersion(input: $input) { version } }";
    await operator.ask(next, { input: { plan: "closed", basedOn: 1, terms: terms(42_000_000n) } });
    const versions = "query($plan: String!) { planVersions(plan: $plan) { version flatFeeMicros versionCreatedAt } }";
    const { planVersions } = (await operator.ask(versions, { plan: "closed" })).data;
    expect(planVersions).toEqual([
      { version: 2, flatFeeMicros: "42000000", versionCreatedAt: expect.any(String) },
      { version: 1, flatFeeMicros: "31000000", versionCreatedAt: expect.any(String) },
    ]);
    expect((await operator.ask(versions, { plan: "nowhere" })).data.planVersions).toEqual([]);
    const tenant = await gateway.createTenant();
    expect((await tenant.owner.refusal(versions, { plan: "closed" })).extensions.code).toBe("FORBIDDEN");
  });
});

test("who may not see plans is still told what the tenant's amounts are in, and by name which model has a price", async () => {
  const tenant = await gateway.createTenant();
  await gateway.sql("update members set role = 'DEVELOPER' where tenant_id = $1", [tenant.id]);
  const developer = await signedInAgain(tenant);
  expect((await developer.ask("{ tenant { currency } }")).data.tenant.currency).toBe("USD");
  expect((await developer.refusal("{ plans { name } }")).extensions.code).toBe("FORBIDDEN");

  const prices = [inputsAt("1"), { ...inputsAt("2"), model: "digits" }];
  const limits = [{ kind: "QUOTA", meter: "inputs", model: "mail", period: "DAY", limit: 9 }];
  await createPlan(operator, { name: "by-model", terms: { currency: "USD", prices, limits } });
  const named = '{ planVersions(plan: "by-model") { prices { modelName } limits { modelName } } }';
  const [version] = (await operator.ask(named)).data.planVersions;
  expect(version.prices.map((price: { modelName: string | null }) => price.modelName).sort()).toEqual(["digits", null]);
  expect(version.limits).toEqual([{ modelName: "mail" }]);
});

async function signedInAgain({ ownerEmail, ownerPassword }: { ownerEmail: string; ownerPassword: string }) {
  const { data } = await gateway
    .client()
    .ask("mutation($input: SignInInput!) { signIn(input: $input) { accessToken } }", {
      input: { email: ownerEmail, password: ownerPassword },
    });
  return gateway.client(data.signIn.accessToken);
}
