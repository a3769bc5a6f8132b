import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newId } from "../../../src/core/ids.ts";
import { startTestGateway, type TestGateway, type TestTenant } from "../../support/gateway.ts";
import { greySquare } from "../../support/people.ts";

let gateway: TestGateway;
let tenant: TestTenant;

beforeAll(async () => {
  gateway = await startTestGateway();
  tenant = await gateway.createTenant();
});

afterAll(async () => {
  await gateway.close();
});

const list = `query($input: UsageEventsInput!, $first: Int, $after: String) {
  usageEvents(input: $input, first: $first, after: $after) {
    nodes { id occurredAt meter quantity amount planVersionId inferenceId modelId modelVersionId apiKeyId userId idempotencyKey reversesId reason isLate }
    edges { cursor node { id } }
    pageInfo { hasNextPage startCursor endCursor }
  }
}`;
const hour = () => ({
  startsAt: new Date(Date.now() - 3_600_000).toISOString(),
  endsAt: new Date(Date.now() + 60_000).toISOString(),
});

async function idsOf(of: TestTenant, input: object, first = 100): Promise<string[]> {
  const ids: string[] = [];
  for (let after: string | null = null; ; ) {
    const {
      usageEvents,
    }: { usageEvents: { nodes: { id: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string } } } = (
      await of.owner.ask(list, { input, first, after })
    ).data;
    ids.push(...usageEvents.nodes.map(({ id }) => id));
    if (!usageEvents.pageInfo.hasNextPage) return ids;
    after = usageEvents.pageInfo.endCursor;
  }
}

/** Events that are hard to tell apart by their time. */
async function seedTogether(of: TestTenant, count: number): Promise<{ startsAt: string; endsAt: string }> {
  const at = "2026-01-15T12:00:00";
  await gateway.sql("select make_usage_months('2026-01-01', '2026-01-01')");
  await gateway.sql(
    `insert into usage_events (tenant_id, id, occurred_at, meter, quantity, plan_version_id, amount_micros, price_model_id,
                               period_starts_at, is_late, inference_id, model_id, model_version_id, api_key_id)
       select $1, 'use_' || lpad(n::text, 26, '0'), timestamptz '${at}Z' + (n / 10) * interval '1 microsecond', 'inputs', 1, 'plv', 1,
              '', '2026-01-01', false, 'inf', 'mod', 'mdv', 'key'
         from generate_series(1, $2::int) n`,
    [of.id, count],
  );
  return { startsAt: `${at}Z`, endsAt: "2026-01-15T12:00:01Z" };
}

describe("usageEvents", () => {
  test("shows what an inference was charged, and who asked", async () => {
    const own = await gateway.createTenant();
    const inferred = await own.key.infer({ model: "digits", inputs: [greySquare, greySquare], idempotencyKey: "mine" });
    await own.owner.infer({ model: "digits", inputs: [greySquare] });
    const { nodes } = (await own.owner.ask(list, { input: hour() })).data.usageEvents;
    expect(nodes).toHaveLength(2);
    expect(nodes[1]).toMatchObject({
      inferenceId: inferred.data.infer.id,
      meter: "inputs",
      quantity: 2,
      amount: "200",
      apiKeyId: own.apiKeyId,
      userId: null,
      idempotencyKey: "mine",
      reversesId: null,
      isLate: false,
    });
    expect(nodes[0]).toMatchObject({ quantity: 1, apiKeyId: null, userId: expect.stringMatching(/^usr_/) });
  });

  test("read page by page are all of them, once each and newest first, however many are of one microsecond", async () => {
    const own = await gateway.createTenant();
    const input = await seedTogether(own, 137);
    const all = await idsOf(own, input);
    expect(all).toHaveLength(137);
    expect(all).toEqual([...all].sort().reverse());
    for (const size of [1, 7, 10, 50]) expect(await idsOf(own, input, size)).toEqual(all);
  });

  test("a page's end stands where it is when more is used meanwhile", async () => {
    const own = await gateway.createTenant();
    for (let i = 0; i < 3; i++) await own.key.infer({ model: "digits", inputs: [greySquare] });
    const first = (await own.owner.ask(list, { input: hour(), first: 2 })).data.usageEvents;
    await own.key.infer({ model: "digits", inputs: [greySquare] });
    const second = (await own.owner.ask(list, { input: hour(), first: 2, after: first.pageInfo.endCursor })).data
      .usageEvents;
    expect(second.nodes).toHaveLength(1);
    expect(first.nodes.map((one: { id: string }) => one.id)).not.toContain(second.nodes[0].id);
    expect(second.pageInfo.hasNextPage).toBe(false);
  });

  test("are those of a key, a model and a meter, where these are asked for", async () => {
    const own = await gateway.createTenant();
    await own.key.infer({ model: "digits", inputs: [greySquare] });
    await own.owner.infer({ model: "mail", inputs: [{ text: "hello" }] });
    const count = async (filter: object) => (await idsOf(own, { ...hour(), ...filter })).length;
    expect(await count({})).toBe(2);
    expect(await count({ apiKeyId: own.apiKeyId })).toBe(1);
    expect(await count({ model: "mail" })).toBe(1);
    expect(await count({ model: "mail", apiKeyId: own.apiKeyId })).toBe(0);
    expect(await count({ meter: "inputs" })).toBe(2);
    expect(await count({ meter: "tokens" })).toBe(0);
  });

  test("of another tenant are nobody else's, and neither is its key", async () => {
    const own = await gateway.createTenant();
    await own.key.infer({ model: "digits", inputs: [greySquare] });
    const stranger = await gateway.createTenant("Rival");
    expect(await idsOf(stranger, hour())).toEqual([]);
    const [theirs, nobodys] = [own.apiKeyId, newId("apiKey")];
    const refusals = await Promise.all(
      [theirs, nobodys].map((apiKeyId) => stranger.owner.refusal(list, { input: { ...hour(), apiKeyId } })),
    );
    expect(refusals.map(({ message, extensions }) => [message, extensions.code])).toEqual([
      [refusals[0]?.message, "NOT_FOUND"],
      [refusals[0]?.message, "NOT_FOUND"],
    ]);
  });

  test.each([
    ["a cursor of another list", { after: Buffer.from("after:key_0123").toString("base64url") }, {}],
    ["a page that is too large", { first: 101 }, {}],
    ["a meter that there is not", {}, { meter: "smiles" }],
    ["a period that ends before it starts", {}, { endsAt: "2020-01-01T00:00:00Z" }],
  ])("with %s is INVALID_INPUT", async (_, page, filter) => {
    const refusal = await tenant.owner.refusal(list, { input: { ...hour(), ...filter }, ...page });
    expect(refusal.extensions.code).toBe("INVALID_INPUT");
  });
});

describe("a report beside the period before", () => {
  test("shows each row beside its own, and adds the period before up to the unit", async () => {
    const own = await gateway.createTenant();
    const input = await seedTogether(own, 20);
    await gateway.sql(
      `insert into usage_events (tenant_id, id, occurred_at, meter, quantity, plan_version_id, amount_micros, price_model_id,
                                 period_starts_at, is_late, inference_id, model_id, model_version_id, api_key_id)
         values ($1, 'use_before', '2026-01-15T11:59:59.5Z', 'inputs', 3, 'plv', 300, '', '2026-01-01', false, 'inf', 'mod', 'mdv', 'key')`,
      [own.id],
    );
    const query = `query($input: UsageReportInput!) {
      usage(input: $input) {
        rows { quantity amount previous { quantity amount } } total { quantity }
        comparison { startsAt endsAt total { meter quantity amount } }
      }
    }`;
    const { usage } = (await own.owner.ask(query, { input: { ...input, compare: true } })).data;
    expect(usage).toEqual({
      rows: [{ quantity: 20, amount: "20", previous: { quantity: 3, amount: "300" } }],
      total: [{ quantity: 20 }],
      comparison: {
        startsAt: "2026-01-15T11:59:59.000Z",
        endsAt: "2026-01-15T12:00:00.000Z",
        total: [{ meter: "inputs", quantity: 3, amount: "300" }],
      },
    });
    const alone = (await own.owner.ask(query, { input })).data.usage;
    expect(alone.rows[0].previous).toBeNull();
    expect(alone.comparison).toBeNull();
  });
});

test("the forecast begins with what was used, ends with the billing period, and says how it was made", async () => {
  const own = await gateway.createTenant();
  await own.key.infer({ model: "digits", inputs: [greySquare, greySquare] });
  const query = `{ usageForecast { startsAt endsAt meters { meter method used usedAmount quantity quantityLow quantityHigh amount } } }`;
  const { startsAt, endsAt, meters } = (await own.owner.ask(query)).data.usageForecast;
  const now = new Date();
  expect([startsAt, endsAt].map((at) => Date.parse(at))).toEqual(
    [0, 1].map((ahead) => Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead, 1)),
  );
  // There is no whole hour before this one yet, so nothing more is expected.
  expect(meters).toEqual([
    {
      ...{ meter: "inputs", method: "LINEAR", used: 2, usedAmount: "200" },
      ...{ quantity: 2, quantityLow: 2, quantityHigh: 2, amount: "200" },
    },
  ]);
});

test("months whose events were dropped still have their reports, from the rollups", async () => {
  const own = await gateway.createTenant();
  const input = await seedTogether(own, 50);
  await gateway.sql("delete from usage_hourly where hour < '2026-02-01'");
  await gateway.sql(
    `insert into usage_hourly (tenant_id, hour, meter, model_id, model_version_id, api_key_id, plan_version_id, price_model_id, is_late,
                               quantity, amount_micros, events)
       select tenant_id, date_trunc('hour', occurred_at, 'UTC'), meter, model_id, model_version_id, api_key_id, plan_version_id, '', false,
              sum(quantity), sum(amount_micros), count(*)
         from usage_events where occurred_at < '2026-02-01' group by 1, 2, 3, 4, 5, 6, 7`,
  );
  const query = `query($input: UsageReportInput!) { usage(input: $input) { rows { startsAt quantity amount } } }`;
  const whole = { startsAt: "2026-01-01T00:00:00Z", endsAt: "2026-02-01T00:00:00Z", interval: "DAY" };
  const before = (await own.owner.ask(query, { input: whole })).data;
  expect(before.usage.rows).toEqual([{ startsAt: "2026-01-15T00:00:00.000Z", quantity: 50, amount: "50" }]);
  await gateway.sql("alter table usage_events detach partition usage_events_2026_01");
  await gateway.sql("drop table usage_events_2026_01");
  expect((await own.owner.ask(query, { input: whole })).data).toEqual(before);
  expect(await idsOf(own, input)).toEqual([]);
});
