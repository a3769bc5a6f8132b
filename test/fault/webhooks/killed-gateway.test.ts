import { mkdtemp } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { newId } from "../../../src/core/ids.ts";
import { eventually } from "../../support/eventually.ts";
import { GatewayProcess } from "../../support/gateway-process.ts";
import { openTenantHouse, type TenantHouse } from "../../support/tenant-house.ts";
import { WebhookReceiver } from "../../support/webhook-receiver.ts";

let house: TenantHouse;
let receiver: WebhookReceiver;

beforeAll(async () => {
  house = await openTenantHouse();
  receiver = await WebhookReceiver.start();
});

afterAll(async () => {
  GatewayProcess.killAll();
  await receiver.close();
  await house.close();
});

const events = 200;

test("kill -9 of a gateway in the middle of deliveries: every event arrives, under the id that it always had", async () => {
  const { id: tenantId } = await house.createTenant();
  const endpointId = newId("webhookEndpoint");
  await house.sql(
    "insert into webhook_endpoints (id, tenant_id, url, event_types, created_by) values ($1, $2, $3, '{invoice.issued}', 'usr')",
    [endpointId, tenantId, receiver.url],
  );
  for (let n = 0; n < events; n++) {
    await house.sql("select enqueue_webhook($1, 'invoice.issued', jsonb_build_object('n', $2::int))", [tenantId, n]);
  }
  const signingKeys = await mkdtemp(path.join(inject("scratchDirectory"), "keys-"));
  const start = () =>
    GatewayProcess.start({ DATABASE_URL: house.url, SIGNING_KEYS_DIR: signingKeys, WEBHOOK_TIMEOUT_MS: "2000" });

  // Three gateways die, each while the receiver holds some of its deliveries: neither side knows then what arrived.
  for (let death = 1; death <= 3; death++) {
    const held: (() => void)[] = [];
    let letThrough = 20;
    receiver.answers(async () => {
      letThrough -= 1;
      if (letThrough < 0) await new Promise<void>((resolve) => held.push(resolve));
      return { code: 200 };
    });
    const gateway = await start();
    await eventually(() => held.length >= 4, { withinMs: 30_000, what: "deliveries to be under way" });
    await gateway.kill();
    for (const release of held) release();
  }
  const [underWay] = await house.sql(
    "select count(*)::int as n from webhook_deliveries where status = 'PENDING' and claimed_by is not null",
  );
  expect(underWay.n).toBeGreaterThan(0);

  receiver.answers(() => ({ code: 200 }));
  const last = await start();
  await eventually(
    async () => {
      const [row] = await house.sql("select count(*)::int as n from webhook_deliveries where status = 'DELIVERED'");
      return row.n === events;
    },
    { withinMs: 60_000, what: "every event to be delivered" },
  );
  expect(await last.stop()).toBe(0);

  const numbersOf = new Map<string, Set<number>>();
  for (const { headers, body } of receiver.received) {
    const id = String(headers["webhook-id"]);
    numbersOf.set(id, (numbersOf.get(id) ?? new Set()).add(JSON.parse(body).data.n));
  }
  expect([...numbersOf.values()].every((numbers) => numbers.size === 1)).toBe(true);
  expect(new Set([...numbersOf.values()].flatMap((numbers) => [...numbers])).size).toBe(events);
  expect(numbersOf.size).toBe(events);
  expect(receiver.received.length).toBeGreaterThan(events);
});
