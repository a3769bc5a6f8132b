import { expect, onTestFinished, test } from "vitest";
import { openDatabase } from "../../../src/platform/database.ts";
import { withStartConnection } from "../../../src/platform/start-connection.ts";
import { startOwnPostgres } from "../../support/own-postgres.ts";

test("gateways that start together on two databases of one server all come up with their roles' passwords", async () => {
  const postgres = await startOwnPostgres();
  onTestFinished(() => postgres.drop());
  const other = new URL(postgres.url);
  other.pathname = "/other";
  await withStartConnection(postgres.url, (client) => client.query("create database other"));
  for (let round = 0; round < 10; round++) {
    await withStartConnection(postgres.url, async (client) => {
      await client.query("alter role tollgate_app password null");
      await client.query("alter role tollgate_system password null");
    });
    const databases = await Promise.all(
      [postgres.url, other.href, postgres.url, other.href].map((url) => openDatabase(url)),
    );
    for (const database of databases) {
      expect(await database.systemSql({ text: "select current_user as role" })).toEqual([{ role: "tollgate_system" }]);
      await database.close();
    }
  }
});
