import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Callers, disagreements } from "../../support/callers.ts";
import { GatewayProcess } from "../../support/gateway-process.ts";
import { openTenantHouse, type TenantHouse } from "../../support/tenant-house.ts";

let house: TenantHouse;

beforeAll(async () => {
  house = await openTenantHouse();
});

afterEach(() => GatewayProcess.killAll());

afterAll(async () => {
  await house.close();
});

test("of 1,000 requests at once on three gateways, a quota of 100 admits exactly 100", async () => {
  const tenant = await house.createTenant({ quota: 100 });
  const gateways: GatewayProcess[] = [];
  for (let started = 0; started < 3; started++) gateways.push(await GatewayProcess.start({ DATABASE_URL: house.url }));
  const callers = new Callers(tenant.apiKey);
  const urls = gateways.map((gateway) => gateway.url);
  await Promise.all(
    Array.from({ length: 1_000 }, (_, index) =>
      callers.ask(urls[index % 3] ?? "", { value: index, deadlineMs: 30_000 }),
    ),
  );
  expect(callers.held).toHaveLength(100);
  expect(callers.codes).toEqual(Array.from({ length: 900 }, () => "QUOTA_EXCEEDED"));
  const events = await house.sql("select quantity::int from usage_events where tenant_id = $1", [tenant.id]);
  expect(events).toEqual(Array.from({ length: 100 }, () => ({ quantity: 1 })));
  expect(await disagreements(house.sql, tenant.id, callers.held)).toEqual([]);
  expect(await house.drift()).toEqual([]);
  expect(await Promise.all(gateways.map((gateway) => gateway.stop()))).toEqual([0, 0, 0]);
});
