import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Callers, disagreements } from "../../support/callers.ts";
import { eventually } from "../../support/eventually.ts";
import { GatewayProcess } from "../../support/gateway-process.ts";
import { type OwnPostgres, startOwnPostgres } from "../../support/own-postgres.ts";
import { openTenantHouse, type TenantHouse } from "../../support/tenant-house.ts";

let postgres: OwnPostgres;
let house: TenantHouse;

beforeAll(async () => {
  postgres = await startOwnPostgres();
  house = await openTenantHouse(postgres);
});

afterEach(() => GatewayProcess.killAll());

afterAll(async () => {
  await house.close();
});

const start = () => GatewayProcess.start({ DATABASE_URL: postgres.url });
const booksClosed = (tenantId: string, callers: Callers) =>
  eventually(async () => (await disagreements(house.sql, tenantId, callers.held)).length === 0, {
    withinMs: 30_000,
    what: "every charge without an answer is taken back",
  });

describe("a Postgres that stands still, with all its connections open", () => {
  test("answers nobody unmetered, and what it admits when it goes on is taken back", async () => {
    const tenant = await house.createTenant();
    const gateway = await start();
    const callers = new Callers(tenant.apiKey);
    const load = callers.keepAsking(gateway.url, 24, { deadlineMs: 1_000 });
    await eventually(() => callers.held.length > 100, { withinMs: 30_000, what: "answers before" });
    await postgres.freeze();
    const frozenAt = performance.now();
    // Longer than the gateway waits for any statement, so some charges are given up that are still to come.
    await eventually(() => performance.now() - frozenAt > 9_000, {
      withinMs: 20_000,
      what: "every statement is given up",
    });
    const heldFrozen = callers.held.length;
    await postgres.thaw();
    await eventually(() => callers.held.length > heldFrozen + 100, { withinMs: 30_000, what: "answers after" });
    await load.stop();
    const codes = new Set(callers.codes);
    expect([...codes].filter((code) => code !== "DEADLINE_EXCEEDED" && code !== "OVERLOADED")).toEqual([]);
    expect(codes).toContain("DEADLINE_EXCEEDED");
    await booksClosed(tenant.id, callers);
    expect(await house.drift()).toEqual([]);
    expect(await gateway.stop()).toBe(0);
  });
});

describe("a charge that waits for a lock", () => {
  test("is given up at the caller's deadline, and taken back when it is admitted after all", async () => {
    const tenant = await house.createTenant();
    const gateway = await start();
    const callers = new Callers(tenant.apiKey);
    await callers.ask(gateway.url);
    const [locker, stopAndGo] = await lockedQuota(postgres.url, tenant.id);
    const keys = [undefined, "k1", undefined, "k2"];
    await Promise.all(keys.map((key) => callers.ask(gateway.url, { deadlineMs: 300, ...(key && { key }) })));
    expect(callers.codes).toEqual(["DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED"]);
    expect(callers.longestMs).toBeLessThan(5_000);
    await stopAndGo();
    await locker.end();
    await booksClosed(tenant.id, callers);
    // Its claim to the key went with the charge: a repeat is charged, once, and answered.
    await callers.ask(gateway.url, { key: "k1" });
    expect(callers.held).toHaveLength(2);
    const [row] = await house.sql("select sum(quantity)::int as net from usage_events where tenant_id = $1", [
      tenant.id,
    ]);
    expect(row?.["net"]).toBe(2);
    expect(await gateway.stop()).toBe(0);
  });

  test("longer than a statement may take is refused as OVERLOADED, within a bound", async () => {
    const tenant = await house.createTenant();
    const gateway = await start();
    const callers = new Callers(tenant.apiKey);
    await callers.ask(gateway.url);
    const [locker] = await lockedQuota(postgres.url, tenant.id);
    await callers.ask(gateway.url, { deadlineMs: 25_000 });
    expect(callers.codes).toEqual(["OVERLOADED"]);
    expect(callers.longestMs).toBeLessThan(12_000);
    await locker.end();
    await booksClosed(tenant.id, callers);
    // Nothing is owed any longer, so there is nothing for the stop to wait for.
    const stoppedAt = performance.now();
    expect(await gateway.stop()).toBe(0);
    expect(performance.now() - stoppedAt).toBeLessThan(10_000);
  });
});

/** A session that holds what every charge of the tenant needs, and how it lets go of it. */
async function lockedQuota(url: string, tenantId: string): Promise<[pg.Client, () => Promise<unknown>]> {
  const locker = new pg.Client({ connectionString: url });
  await locker.connect();
  await locker.query("begin");
  await locker.query("select 1 from tenant_ledgers where tenant_id = $1 for update", [tenantId]);
  return [locker, () => locker.query("rollback")];
}
