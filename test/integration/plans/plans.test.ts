import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestGateway, type TestGateway } from "../../support/gateway.ts";
import type { GraphqlClient } from "../../support/graphql-client.ts";
import { changePlan, createPlan, inferGrey, inputsAt } from "../../support/plan-requests.ts";

let gateway: TestGateway;
let operator: GraphqlClient;

beforeAll(async () => {
  gateway = await startTestGateway();
  operator = await gateway.createOperator();
});

afterAll(async () => {
  await gateway.close();
});

describe("changing the plan", () => {
  test("at the period's end leaves the present one until then, and can be withdrawn", async () => {
    await createPlan(operator, {
      name: "next",
      isSelfService: true,
      terms: { currency: "USD", prices: [inputsAt("1")] },
    });
    const own = await gateway.createTenant();
    const { data } = await own.owner.ask(changePlan, { input: { plan: "next", when: "PERIOD_END" } });
    const now = new Date();
    expect(data.changePlan.startsAt).toBe(
      new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1)).toISOString(),
    );
    expect((await inferGrey(own.key)).data.infer.usage[0].amount).toBe("100");
    await operator.ask(changePlan, { input: { tenantId: own.id, plan: "standard" } });
    const { tenant: after } = (await own.owner.ask("{ tenant { subscriptions { plan { name } endsAt } } }")).data;
    expect(after.subscriptions).toEqual([{ plan: { name: "standard" }, endsAt: null }]);
  });

  test("is an owner's matter only where the plan is self-service, and in the tenant's currency", async () => {
    const own = await gateway.createTenant();
    await createPlan(operator, { name: "closed", terms: { currency: "USD", prices: [inputsAt("1")] } });
    await createPlan(operator, {
      name: "abroad",
      isSelfService: true,
      terms: { currency: "EUR", prices: [inputsAt("1")] },
    });
    const codeOf = async (plan: string) => (await own.owner.refusal(changePlan, { input: { plan } })).extensions.code;
    expect([await codeOf("closed"), await codeOf("nowhere"), await codeOf("abroad")]).toEqual([
      "INVALID_INPUT",
      "INVALID_INPUT",
      "CONFLICT",
    ]);
    expect((await own.key.refusal(changePlan, { input: { plan: "next" } })).extensions.code).toBe("FORBIDDEN");
  });

  test("of two who make the next version at once, one is told that it changed; no version is lost", async () => {
    const terms = { currency: "USD", prices: [inputsAt("1")] };
    await createPlan(operator, { name: "contested", terms });
    const make = "mutation($input: CreatePlanVersionInput!) { createPlanVersion(input: $input) { version } }";
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => operator.send(make, { input: { plan: "contested", basedOn: 1, terms } })),
    );
    const codes = answers.flatMap(({ errors }) => errors.map((error) => error.extensions.code));
    expect(codes).toEqual(Array.from({ length: 5 }, () => "CONFLICT"));
    const { plans } = (await operator.ask("{ plans { name version } }")).data;
    expect(plans.find((plan: { name: string }) => plan.name === "contested").version).toBe(2);
  });
});

describe("a plan's terms are refused, with the place,", () => {
  const create = "mutation($input: CreatePlanInput!) { createPlan(input: $input) { name } }";
  const price = { meter: "inputs", unitPriceMicros: "1" };
  const tiered = (tiers: object[]) => ({ meter: "inputs", scheme: "GRADUATED", tiers });
  test.each([
    ["an unknown currency", { currency: "XXZ", prices: [price] }, "currency"],
    [
      "a negative price",
      { currency: "USD", prices: [{ ...price, unitPriceMicros: "-1" }] },
      "prices[0].unitPriceMicros",
    ],
    ["an unknown meter", { currency: "USD", prices: [price, { ...price, meter: "apples" }] }, "prices[1].meter"],
    ["an unknown model", { currency: "USD", prices: [{ ...price, model: "nobody" }] }, "prices[0].model"],
    ["one meter twice", { currency: "USD", prices: [price, price] }, "prices[1]"],
    [
      "a last tier that ends",
      { currency: "USD", prices: [tiered([{ upTo: 5, unitPriceMicros: "1" }])] },
      "prices[0].tiers[0].upTo",
    ],
    [
      "tiers that do not ascend",
      {
        currency: "USD",
        prices: [
          tiered([{ upTo: 5, unitPriceMicros: "1" }, { upTo: 5, unitPriceMicros: "1" }, { unitPriceMicros: "1" }]),
        ],
      },
      "prices[0].tiers[1].upTo",
    ],
    [
      "a package without a size",
      { currency: "USD", prices: [{ ...price, scheme: "PACKAGE" }] },
      "prices[0].packageSize",
    ],
    [
      "a quota without a period",
      { currency: "USD", prices: [price], limits: [{ kind: "QUOTA", meter: "inputs", limit: 1 }] },
      "limits[0].period",
    ],
    [
      "a budget with a meter",
      { currency: "USD", prices: [price], limits: [{ kind: "BUDGET", meter: "inputs", period: "DAY", amount: "1" }] },
      "limits[0].meter",
    ],
  ])("%s", async (name, terms, place) => {
    const error = await operator.refusal(create, { input: { name: name.replaceAll(" ", "-"), terms } });
    expect(error.extensions.code).toBe("INVALID_INPUT");
    expect(error.message).toContain(place);
    expect(await gateway.sql("select 1 from plans where name = $1", [name.replaceAll(" ", "-")])).toEqual([]);
  });
});
