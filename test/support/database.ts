import { randomBytes } from "node:crypto";
import pg from "pg";
import { inject } from "vitest";
import { withStartConnection } from "../../src/platform/start-connection.ts";
import { dropDatabase, urlOf, withTemplateLock } from "./template-database.ts";

export interface TestDatabase {
  /** The owner's connection string: migrated, and otherwise empty. */
  url: string;
  drop(): Promise<void>;
}

/** A database of the caller's own, cloned from the migrated template. Made in `beforeAll`, dropped in `afterAll`. */
export async function createTestDatabase(): Promise<TestDatabase> {
  return await createDatabaseFrom(inject("templateDatabase"));
}

/** A database with nothing in it, for the tests of migrating itself. */
export async function createEmptyDatabase(): Promise<TestDatabase> {
  return await createDatabaseFrom("template0");
}

async function createDatabaseFrom(template: string): Promise<TestDatabase> {
  const serverUrl = inject("postgresUrl");
  const name = `${inject("testDatabasePrefix")}${randomBytes(6).toString("hex")}`;
  await withTemplateLock(serverUrl, async (client) => {
    await client.query(`create database ${pg.escapeIdentifier(name)} template ${pg.escapeIdentifier(template)}`);
  });
  return {
    url: urlOf(serverUrl, name),
    drop: () => withStartConnection(serverUrl, (client) => dropDatabase(client, name)),
  };
}
