import { afterAll, beforeAll, expect, test } from "vitest";
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

const usage = `query($input: UsageReportInput!) {
  usage(input: $input) { rows { apiKey { id } model { name } version { version } meter quantity amount } total { meter quantity amount } }
}`;
const minuteMs = 60_000;
const period = (fromMs = -5 * minuteMs, toMs = 5 * minuteMs) => ({
  startsAt: new Date(Date.now() + fromMs).toISOString(),
  endsAt: new Date(Date.now() + toMs).toISOString(),
});

test("tells the usage of each key apart, shows that of signed-in users under none, and nothing of another tenant", async () => {
  const stranger = await gateway.createTenant("Rival");
  await tenant.key.infer({ model: "digits", inputs: [greySquare, greySquare, greySquare] });
  await tenant.owner.infer({ model: "digits", inputs: [greySquare, greySquare] });
  await stranger.key.infer({ model: "digits", inputs: [greySquare] });
  const input = { ...period(), groupBy: ["API_KEY", "VERSION", "MODEL"] };
  const { rows, total } = (await tenant.owner.ask(usage, { input })).data.usage;
  const row = (apiKey: { id: string } | null, quantity: number) => ({
    apiKey,
    model: { name: "digits" },
    version: { version: 1 },
    meter: "inputs",
    quantity,
    amount: String(100 * quantity),
  });
  expect(rows).toHaveLength(2);
  expect(rows).toEqual(expect.arrayContaining([row(null, 2), row({ id: tenant.apiKeyId }, 3)]));
  expect(total).toEqual([{ meter: "inputs", quantity: 5, amount: "500" }]);
  const theirs = (await stranger.owner.ask(usage, { input })).data.usage;
  expect(theirs.total).toEqual([{ meter: "inputs", quantity: 1, amount: "100" }]);
});

test("of a period without usage is empty, and not an error", async () => {
  const input = { ...period(-60 * minuteMs, -50 * minuteMs), groupBy: ["MODEL"], interval: "HOUR" };
  expect((await tenant.owner.ask(usage, { input })).data.usage).toEqual({ rows: [], total: [] });
});

test.each([
  ["ends before it starts", { ...period(0, -minuteMs) }, "endsAt must be later than startsAt"],
  ["is too long for its interval", { ...period(-93 * 24 * 60 * minuteMs, 0), interval: "HOUR" }, "at most 92 days"],
])("a period that %s is INVALID_INPUT", async (_, input, message) => {
  const refusal = await tenant.owner.refusal(usage, { input });
  expect(refusal.extensions.code).toBe("INVALID_INPUT");
  expect(refusal.message).toContain(message);
});
