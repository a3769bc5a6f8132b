import { mkdtemp, readFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, describe, expect, inject, test } from "vitest";
import { withStartConnection } from "../../../src/platform/start-connection.ts";
import { Callers, disagreements } from "../../support/callers.ts";
import { eventually } from "../../support/eventually.ts";
import { GatewayProcess } from "../../support/gateway-process.ts";
import { startOwnPostgres } from "../../support/own-postgres.ts";
import { openTenantHouse } from "../../support/tenant-house.ts";

afterEach(() => GatewayProcess.killAll());

/** What a caller may be told while there is no database. */
const honestCodes = new Set(["OVERLOADED", "DEADLINE_EXCEEDED"]);
const dishonest = (callers: Callers) => callers.codes.filter((code) => !honestCodes.has(code));

/** Asks without a pause, breaks something, and goes on until answers come again. */
async function underLoad(callers: Callers, url: string, breakIt: () => Promise<void>): Promise<void> {
  const load = callers.keepAsking(url, 24);
  await eventually(() => callers.held.length > 100, { withinMs: 30_000, what: "answers before the fault" });
  await breakIt();
  const before = callers.held.length;
  await eventually(() => callers.held.length > before + 100, { withinMs: 60_000, what: "answers after the fault" });
  await load.stop();
}

describe("kill -9 of the embedded Postgres under load", () => {
  test("twice: the gateway starts it again, nobody holds an answer that was not charged, and all is well by itself", async () => {
    const dataDir = await mkdtemp(path.join(inject("scratchDirectory"), "gateway-"));
    const gateway = await GatewayProcess.start({ DATA_DIR: dataDir });
    const { apiKey } = JSON.parse(await readFile(path.join(dataDir, "demo.json"), "utf8"));
    const { url, pid: firstPid } = await embeddedServer(dataDir);
    const sql = async (text: string, values: unknown[] = []) =>
      await withStartConnection(url, async (connection) => (await connection.query(text, values)).rows);
    const callers = new Callers(apiKey);
    for (let round = 0; round < 2; round++) {
      await underLoad(callers, gateway.url, async () => {
        process.kill((await embeddedServer(dataDir)).pid, "SIGKILL");
        await eventually(() => callers.codes.length > 0, { withinMs: 30_000, what: "refusals" });
      });
    }
    expect((await embeddedServer(dataDir)).pid).not.toBe(firstPid);
    expect(dishonest(callers)).toEqual([]);
    expect(callers.longestMs).toBeLessThan(20_000);
    const [{ tenant_id: tenantId }] = await sql("select tenant_id from usage_events limit 1");
    await eventually(async () => (await disagreements(sql, tenantId, callers.held)).length === 0, {
      withinMs: 20_000,
      what: "what is owed is paid",
    });
    expect(await gateway.stop()).toBe(0);
    await expect(sql("select 1")).rejects.toThrow(/Nothing listens/);
  });
});

describe("a Postgres that ends all its sessions and recovers, under load", () => {
  test("every answer that somebody holds has exactly one net event, and every other charge is taken back", async () => {
    const postgres = await startOwnPostgres();
    const house = await openTenantHouse(postgres);
    const tenant = await house.createTenant();
    const gateway = await GatewayProcess.start({ DATABASE_URL: postgres.url });
    const callers = new Callers(tenant.apiKey);
    for (let round = 0; round < 3; round++) await underLoad(callers, gateway.url, () => postgres.killSession());
    expect(dishonest(callers)).toEqual([]);
    await eventually(async () => (await disagreements(house.sql, tenant.id, callers.held)).length === 0, {
      withinMs: 20_000,
      what: "what is owed is paid",
    });
    expect(await house.drift()).toEqual([]);
    expect(await gateway.stop()).toBe(0);
    await house.close();
  });
});

/** The server of a gateway without DATABASE_URL. */
async function embeddedServer(dataDir: string): Promise<{ url: string; pid: number }> {
  const [pid, , , port] = (await readFile(path.join(dataDir, "postgres", "postmaster.pid"), "utf8")).split("\n");
  const secret = (await readFile(path.join(dataDir, "postgres.secret"), "utf8")).trim();
  return { pid: Number(pid), url: `postgresql://tollgate_owner:${secret}@127.0.0.1:${port}/tollgate` };
}
