import { randomBytes } from "node:crypto";
import { systemClock } from "../../src/core/clock.ts";
import { newId } from "../../src/core/ids.ts";
import { apiKeyPermissions, rolePermissions } from "../../src/core/permission.ts";
import { ApiKeyService } from "../../src/domains/keys/keys.service.ts";
import { ApiKeyStore } from "../../src/domains/keys/keys.store.ts";
import { TenantService } from "../../src/domains/tenants/tenant.service.ts";
import { TenantStore } from "../../src/domains/tenants/tenant.store.ts";
import { DriftStore } from "../../src/domains/usage/drift.store.ts";
import { Passwords } from "../../src/domains/users/passwords.ts";
import { openDatabase } from "../../src/platform/database.ts";
import { withStartConnection } from "../../src/platform/start-connection.ts";
import { createTestDatabase, type TestDatabase } from "./database.ts";

export type TenantHouse = Awaited<ReturnType<typeof openTenantHouse>>;

/** A database with tenants and keys but no gateway: the tests start those as processes, and kill them. */
export async function openTenantHouse(given?: TestDatabase) {
  const test = given ?? (await createTestDatabase());
  const database = await openDatabase(test.url);
  const tenants = new TenantService(new TenantStore(database), new Passwords(), systemClock);
  const keys = new ApiKeyService({ store: new ApiKeyStore(database), clock: systemClock, modelIdFor: () => undefined });
  const sql = async (text: string, values: unknown[] = []) =>
    await withStartConnection(test.url, async (connection) => (await connection.query(text, values)).rows);

  const setQuota = async (tenantId: string, quota: number): Promise<void> => {
    const id = newId("planVersion");
    const planId = newId("plan");
    await sql("insert into plans (id, name) values ($1, $1)", [planId]);
    await sql("insert into plan_versions (id, plan_id, version, currency) values ($1, $2, 1, 'USD')", [id, planId]);
    await sql("insert into plan_prices (plan_version_id, meter, unit_price_micros) values ($1, 'inputs', 100)", [id]);
    await sql(
      "insert into plan_limits (id, plan_version_id, applies_to, kind, meter, period, quantity) values ($1, $1, 'TENANT', 'QUOTA', 'inputs', 'BILLING_PERIOD', $2)",
      [id, quota],
    );
    await sql("update subscriptions set plan_version_id = $1 where tenant_id = $2", [id, tenantId]);
  };

  return {
    url: test.url,
    sql,
    /** A tenant with a key, and a quota of its own where one is given. */
    async createTenant(options: { quota?: number } = {}): Promise<{ id: string; apiKey: string }> {
      const made = await tenants.createTenant({
        name: "Acme",
        planName: "standard",
        ownerEmail: `${randomBytes(6).toString("hex")}@acme.example`,
        actorId: "test",
        requestId: undefined,
      });
      const { id } = made.tenant;
      if (options.quota !== undefined) await setQuota(id, options.quota);
      const principal = {
        kind: "MEMBER" as const,
        userId: "usr_test",
        signInId: "",
        tenantId: id,
        permissions: new Set(rolePermissions.OWNER),
      };
      const wanted = { name: "test", permissions: [...apiKeyPermissions], expiresAt: undefined, allowedCidrs: [] };
      const { secret } = await keys.issue({ principal, requestId: undefined }, wanted);
      return { id, apiKey: secret };
    },
    /** Does the work while a transaction holds the rows that the statement locks. */
    async holding(lock: string, work: () => Promise<void>): Promise<void> {
      await withStartConnection(test.url, async (connection) => {
        await connection.query("begin");
        await connection.query(lock);
        await work();
        await connection.query("rollback");
      });
    },
    /** How many sessions wait for a lock. */
    async waiting(): Promise<number> {
      const [row] = await sql(
        "select count(*)::integer as waiting from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      );
      return row?.waiting ?? 0;
    },
    drift: async () => (await new DriftStore(database).findDrift()).drift,
    async close(): Promise<void> {
      await database.close();
      await test.drop();
    },
  };
}
