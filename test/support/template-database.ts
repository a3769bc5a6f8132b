import path from "node:path";
import pg from "pg";
import { migrate, migrationsDigest } from "../../src/platform/migrations.ts";
import { ensureDatabase, withStartConnection } from "../../src/platform/start-connection.ts";

const migrationsFolder = path.resolve(import.meta.dirname, "../../prisma/migrations");

/**
 * Makes the database that tests clone, or completes it where an earlier run was interrupted. It is named for the
 * migrations in it, so on a server that stays (TEST_DATABASE_URL) it is made once for each state of the schema.
 */
export async function prepareTemplate(serverUrl: string): Promise<string> {
  const name = `tollgate_template_${(await migrationsDigest(migrationsFolder)).slice(0, 16)}`;
  await withTemplateLock(serverUrl, async () => {
    await ensureDatabase(serverUrl, name);
    await migrate({ url: urlOf(serverUrl, name), folder: migrationsFolder, log: () => {} });
  });
  return name;
}

/** Postgres copies a database only while nobody is connected to it: whoever uses the template holds this lock. */
export async function withTemplateLock(serverUrl: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  await withStartConnection(serverUrl, async (client) => {
    await client.query("select pg_advisory_lock(hashtext('tollgate test template'))");
    await work(client);
  });
}

export async function dropTestDatabases(serverUrl: string, prefix: string): Promise<void> {
  await withStartConnection(serverUrl, async (client) => {
    const { rows } = await client.query<{ datname: string }>(
      "select datname from pg_database where starts_with(datname, $1)",
      [prefix],
    );
    for (const { datname } of rows) await dropDatabase(client, datname);
  });
}

export async function dropDatabase(client: pg.Client, name: string): Promise<void> {
  await client.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`);
}

/** The same server and user, another database. */
export function urlOf(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}
