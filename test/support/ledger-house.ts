import { newId } from "../../src/core/ids.ts";
import { DriftStore } from "../../src/domains/usage/drift.store.ts";
import { openDatabase } from "../../src/platform/database.ts";
import { withStartConnection } from "../../src/platform/start-connection.ts";
import { createTestDatabase } from "./database.ts";

export type LedgerHouse = Awaited<ReturnType<typeof openLedgerHouse>>;

/** A ledger on a database of its own, and the bare tenants that it knows. */
export async function openLedgerHouse() {
  const test = await createTestDatabase();
  const database = await openDatabase(test.url);
  const drift = new DriftStore(database);
  const sql = async (text: string, values: unknown[] = []) =>
    await withStartConnection(test.url, async (connection) => (await connection.query(text, values)).rows);

  const createPlan = async (quota: number): Promise<string> => {
    const id = newId("planVersion");
    const [{ id: planId }] = await sql("insert into plans (id, name) values ($1, $1) returning id", [newId("plan")]);
    await sql("insert into plan_versions (id, plan_id, version, currency) values ($1, $2, 1, 'EUR')", [id, planId]);
    await sql("insert into plan_prices (plan_version_id, meter, unit_price_micros) values ($1, 'inputs', 250)", [id]);
    await sql(
      "insert into plan_limits (id, plan_version_id, applies_to, kind, meter, period, quantity) values ($1, $1, 'TENANT', 'QUOTA', 'inputs', 'BILLING_PERIOD', $2)",
      [id, quota],
    );
    return id;
  };

  return {
    url: test.url,
    database,
    sql,
    async createTenant(options: { quota: number } | { plan: "none" }): Promise<string> {
      const id = newId("tenant");
      await sql("insert into tenants (id, name) values ($1, $1)", [id]);
      if ("quota" in options) {
        const planVersion = await createPlan(options.quota);
        await sql("insert into subscriptions (id, tenant_id, plan_version_id) values ($1, $2, $3)", [
          newId("subscription"),
          id,
          planVersion,
        ]);
      }
      return id;
    },
    /** The quantities of the tenant's events, in the order in which they were written. */
    async eventsOf(tenantId: string): Promise<number[]> {
      const rows = await sql("select quantity::int from usage_events where tenant_id = $1 order by recorded_at, id", [
        tenantId,
      ]);
      return rows.map((row) => row.quantity);
    },
    async usedBy(tenantId: string): Promise<number> {
      const [row] = await sql(
        "select quantity::int as used from usage_counters where tenant_id = $1 and plan_version_id <> ''",
        [tenantId],
      );
      return row?.used ?? 0;
    },
    drift: async () => (await drift.findDrift()).drift,
    rebuild: () => drift.rebuild(),
    async close(): Promise<void> {
      await database.close();
      await test.drop();
    },
  };
}
