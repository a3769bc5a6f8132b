import { afterAll, beforeAll, expect, test } from "vitest";
import { greySquare } from "../../support/people.ts";
import { openWebhookHouse, verified, type WebhookHouse } from "../../support/webhook-house.ts";

let house: WebhookHouse;

beforeAll(async () => {
  house = await openWebhookHouse();
});

afterAll(async () => {
  await house.close();
});

test("each threshold of a quota is told of once, in the commit that crossed it, however many cross at once", async () => {
  const { tenant, receiver, createEndpoint, received, deliveries } = await house.createTenant();
  const { id, secret } = await createEndpoint({ events: ["limit.threshold_reached"] });
  await house.gateway.sql(
    `insert into tenant_limits (tenant_id, id, replaces_plan, kind, meter, period, quantity, created_by)
       values ($1, 'lim_test', true, 'QUOTA', 'inputs', 'BILLING_PERIOD', 20, 'usr_test')`,
    [tenant.id],
  );
  await Promise.all(Array.from({ length: 40 }, () => tenant.key.infer({ model: "digits", inputs: [greySquare] })));
  const webhooks = await received(3);
  const told = webhooks.map((webhook) => verified(secret, webhook) as { data: { threshold: number; limit: string } });
  expect(told.map(({ data }) => data.threshold).sort()).toEqual([100, 50, 80]);
  expect(told[0]?.data).toMatchObject({
    limitId: "lim_test",
    kind: "QUOTA",
    meter: "inputs",
    apiKeyId: null,
    limit: "20",
  });
  expect(await deliveries(id)).toHaveLength(3);
  await receiver.close();
});
