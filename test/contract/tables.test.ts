import { readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Database, openDatabase } from "../../src/platform/database.ts";
import { withStartConnection } from "../../src/platform/start-connection.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

let test_: TestDatabase;
let database: Database;
const sql = async (text: string, values: unknown[] = []) =>
  await withStartConnection(test_.url, async (connection) => (await connection.query(text, values)).rows);

beforeAll(async () => {
  test_ = await createTestDatabase();
  database = await openDatabase(test_.url);
});

afterAll(async () => {
  await database.close();
  await test_.drop();
});

/** Prisma's models as its schema file has them: table, and for each column its name and whether it may be null. */
function prismaTables(): Map<string, Map<string, boolean>> {
  const text = readFileSync(path.resolve(import.meta.dirname, "../../prisma/schema.prisma"), "utf8");
  const models = [...text.matchAll(/^model (\w+) \{\n([\s\S]*?)^\}/gm)];
  const names = new Set(models.map(([, name]) => name));
  return new Map(
    models.map(([, , body = ""]) => {
      const table = /@@map\("(\w+)"\)/.exec(body)?.[1] ?? "";
      const fields = [...body.matchAll(/^ {2}(\w+)\s+(\w+)(\??)(\[\])?(.*)$/gm)];
      const columns = fields.flatMap(([, field = "", type = "", optional, , rest = ""]): [string, boolean][] =>
        names.has(type) ? [] : [[/@map\("(\w+)"\)/.exec(rest)?.[1] ?? field, optional === "?"]],
      );
      return [table, new Map(columns)];
    }),
  );
}

test("Prisma's models are the tables, column by column", async () => {
  for (const [table, columns] of prismaTables()) {
    const rows = await sql(
      "select column_name, is_nullable = 'YES' as nullable from information_schema.columns where table_name = $1",
      [table],
    );
    const real = new Map(rows.map((row) => [row.column_name, row.nullable]));
    expect(Object.fromEntries([...columns].sort()), table).toEqual(Object.fromEntries([...real].sort()));
  }
});

describe("the second wall", () => {
  test("stands, forced, around every table that has a tenant", async () => {
    const rows = await sql(`
      select c.relname, c.relrowsecurity, c.relforcerowsecurity
        from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition`);
    const open = rows.filter((row) => !(row.relrowsecurity && row.relforcerowsecurity)).map((row) => row.relname);
    // Sign-ins name the tenant that a person signed in to. They are found by what the person holds, before any tenant is
    // known, and the tenants' own role has no right to the table at all.
    expect(open).toEqual(["sign_ins"]);
    const granted = await sql(
      "select 1 from information_schema.role_table_grants where grantee = 'tollgate_app' and table_name = 'sign_ins'",
    );
    expect(granted).toEqual([]);
  });

  test("is not to be got round: neither role owns anything, is a superuser, or bypasses it", async () => {
    const roles = await sql(
      "select rolname, rolsuper, rolbypassrls, rolcreaterole from pg_roles where rolname like 'tollgate\\_%' and rolname <> 'tollgate_owner'",
    );
    expect(roles.map((role) => role.rolname).sort()).toEqual(["tollgate_app", "tollgate_system"]);
    for (const role of roles)
      expect(role).toMatchObject({ rolsuper: false, rolbypassrls: false, rolcreaterole: false });
    const owned = await sql(
      "select relname from pg_class where relowner in (select oid from pg_roles where rolname in ('tollgate_app', 'tollgate_system'))",
    );
    expect(owned).toEqual([]);
    const [who] = await database.tenantSql("ten_x", { text: "select current_user as now, session_user as at_first" });
    expect(who).toEqual({ now: "tollgate_app", at_first: "tollgate_app" });
  });

  test("holds when code forgets: a query that names no tenant in its text sees its own rows only, and none without one", async () => {
    const tables = [
      "members",
      "api_keys",
      "audit_events",
      "usage_events",
      "usage_hourly",
      "usage_counters",
      "tenant_ledgers",
      "subscriptions",
    ];
    await seedTwoTenants(sql);
    for (const table of tables) {
      const forgot = await database.tenantSql("ten_a", { text: `select tenant_id from ${table}` });
      expect(new Set(forgot.map((row) => row["tenant_id"])), table).toEqual(new Set(["ten_a"]));
      expect(await database.tenantSql("", { text: `select 1 from ${table}` }), table).toEqual([]);
    }
    const tenants = await database.tenantSql("ten_a", { text: "select id from tenants" });
    expect(tenants).toEqual([{ id: "ten_a" }]);
  });

  test("lets nobody write into another tenant", async () => {
    const write = database.forTenant("ten_a", (prisma) =>
      prisma.auditEvent.create({
        data: { id: "aud_x", tenantId: "ten_b", actorId: "usr", action: "a.b", subjectId: "s" },
      }),
    );
    await expect(write).rejects.toThrow(/row-level security/);
    const move = database.tenantSql("ten_a", { text: "update api_keys set tenant_id = 'ten_b'" });
    await expect(move).rejects.toThrow(/row-level security/);
  });

  test("keeps tenants apart when hundreds of calls share a few connections", async () => {
    const seen = await Promise.all(
      Array.from({ length: 400 }, async (_, index) => {
        const tenant = index % 2 === 0 ? "ten_a" : "ten_b";
        const keys = await database.forTenant(tenant, (prisma) => prisma.apiKey.findMany({}));
        return keys.length === 1 && keys[0]?.tenantId === tenant;
      }),
    );
    expect(seen.every(Boolean)).toBe(true);
  });
});

async function seedTwoTenants(run: typeof sql): Promise<void> {
  for (const tenant of ["ten_a", "ten_b"]) {
    await run("insert into tenants (id, name) values ($1, $1)", [tenant]);
    await run(
      "insert into subscriptions (id, tenant_id, plan_version_id) values ('sub_' || $1, $1, (select id from plan_versions limit 1))",
      [tenant],
    );
    await run("insert into users (id, email, password_hash) values ('usr_' || $1, $1, 'x')", [tenant]);
    await run("insert into members (tenant_id, user_id, role) values ($1, 'usr_' || $1, 'OWNER')", [tenant]);
    await run(
      "insert into api_keys (id, tenant_id, name, prefix, secret_hash, permissions, created_by) values ('key_' || $1, $1, 'k', 'p', sha256('x'), '{}', 'u')",
      [tenant],
    );
    await run(
      "insert into audit_events (id, tenant_id, actor_id, action, subject_id) values ('aud_' || $1, $1, 'u', 'a.b', 's')",
      [tenant],
    );
    await run(
      "select * from charge_usage(json_build_array(json_build_object('ord', 0, 'event_id', 'use_' || $1::text, 'tenant_id', $1::text, 'inference_id', 'i', 'quantity', 1, 'model_id', 'm', 'model_version_id', 'v', 'api_key_id', 'k')), 'gtw')",
      [tenant],
    );
  }
}
