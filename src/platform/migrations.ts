import { createHash, randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import type pg from "pg";
import { messageOf } from "../core/errors.ts";
import { codeOf } from "./error-code.ts";
import { withStartConnection } from "./start-connection.ts";
import { StartError } from "./start-error.ts";

export interface MigrateOptions {
  url: string;
  /** `prisma/migrations`: a folder for each migration, in the order of their names, with a `migration.sql`. */
  folder: string;
  log: (line: string) => void;
  /** How long to wait for another process that migrates, and for each lock on a table. */
  lockWaitMs?: number;
}

/**
 * Brings the database to this code: applies what is missing, each migration together with its line in Prisma's own book
 * or not at all. The lock is Prisma's too, so gateways and `prisma migrate` that start at once take turns.
 */
export async function migrate(options: MigrateOptions): Promise<{ applied: string[] }> {
  const { url, folder, log, lockWaitMs = 60_000 } = options;
  const migrations = await readMigrations(folder);
  return await withStartConnection(url, async (client) => {
    refuseOldPostgres(await versionOf(client));
    await takeTurn(client, lockWaitMs);
    await client.query(bookTable);
    const missing = compare(migrations, await readBook(client));
    for (const migration of missing) {
      log(`Applying migration ${migration.name}`);
      await apply(client, migration);
    }
    return { applied: missing.map(({ name }) => name) };
  });
}

/** Changes whenever a migration is added, renamed or edited. */
export async function migrationsDigest(folder: string): Promise<string> {
  const migrations = await readMigrations(folder);
  return sha256(JSON.stringify(migrations.map(({ name, checksum }) => [name, checksum])));
}

interface Migration {
  name: string;
  sql: string;
  /** As Prisma computes it: SHA-256 of the file, in hex. */
  checksum: string;
}

async function readMigrations(folder: string): Promise<Migration[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    return await Promise.all(names.sort().map((name) => readMigration(folder, name)));
  } catch (cause) {
    throw new StartError(
      `The migrations in ${folder} cannot be read (${messageOf(cause)}): restore that folder from the release.`,
      { cause },
    );
  }
}

async function readMigration(folder: string, name: string): Promise<Migration> {
  const sql = await readFile(path.join(folder, name, "migration.sql"), "utf8");
  return { name, sql, checksum: sha256(sql) };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

interface ServerVersion {
  /** 180004 for 18.4 */
  number: number;
  name: string;
}

async function versionOf(client: pg.Client): Promise<ServerVersion> {
  const { rows } = await client.query<ServerVersion>(
    "select current_setting('server_version_num')::int as number, current_setting('server_version') as name",
  );
  return rows[0] ?? { number: 0, name: "of an unknown version" };
}

const oldestMajor = 15;

export function refuseOldPostgres(version: ServerVersion): void {
  if (version.number >= oldestMajor * 10_000) return;
  throw new StartError(
    `The database runs Postgres ${version.name}; Tollgate needs ${oldestMajor} or newer: upgrade the server, or point ` +
      "DATABASE_URL at another.",
  );
}

/** Prisma's advisory lock, held until the session ends. */
async function takeTurn(client: pg.Client, lockWaitMs: number): Promise<void> {
  await client.query("select set_config('lock_timeout', $1, false)", [`${lockWaitMs}ms`]);
  try {
    await client.query("select pg_advisory_lock(72707369)");
  } catch (cause) {
    if (codeOf(cause) !== "55P03") throw cause;
    throw new StartError(
      `Another process has been migrating this database for more than ${lockWaitMs / 1000} s: wait until it ends, or end its ` +
        "session if it hangs (pg_locks shows it as advisory lock 72707369), and start again.",
      { cause },
    );
  }
}

/** The table as Prisma makes it, so that its command line and this file can be used in turn. */
const bookTable = `
  create table if not exists _prisma_migrations (
    id varchar(36) primary key not null,
    checksum varchar(64) not null,
    finished_at timestamptz,
    migration_name varchar(255) not null,
    logs text,
    rolled_back_at timestamptz,
    started_at timestamptz not null default now(),
    applied_steps_count integer not null default 0
  )`;

interface BookLine {
  name: string;
  checksum: string;
  finished: boolean;
}

async function readBook(client: pg.Client): Promise<BookLine[]> {
  const { rows } = await client.query<BookLine>(`
    select migration_name as name, checksum, finished_at is not null as finished
    from _prisma_migrations
    where rolled_back_at is null
    order by migration_name`);
  return rows;
}

/** The migrations that the database lacks. Throws where the two histories are not one. */
function compare(migrations: Migration[], book: BookLine[]): Migration[] {
  const files = new Map(migrations.map((migration) => [migration.name, migration]));
  const unknown = book.filter(({ name }) => !files.has(name)).map(({ name }) => name);
  if (unknown.length > 0) {
    throw new StartError(
      `The database is ahead of this code: it holds ${unknown.join(", ")}, which this release does not know; start the ` +
        "release that migrated it, or restore a backup from before.",
    );
  }
  for (const line of book) refuseBroken(line, files.get(line.name));
  const known = new Set(book.map(({ name }) => name));
  return migrations.filter(({ name }) => !known.has(name));
}

function refuseBroken(line: BookLine, file: Migration | undefined): void {
  if (!line.finished) {
    throw new StartError(
      `Migration ${line.name} failed earlier and may be half done: repair the database, then run ` +
        `npx prisma migrate resolve --rolled-back ${line.name} and start again.`,
    );
  }
  if (file !== undefined && file.checksum !== line.checksum) {
    throw new StartError(
      `Migration ${line.name} was edited after it was applied (applied ${line.checksum}, now ${file.checksum}): restore the ` +
        "file, and write the change as a new migration.",
    );
  }
}

async function apply(client: pg.Client, { name, sql, checksum }: Migration): Promise<void> {
  try {
    await client.query("begin");
    await client.query(sql);
    await client.query(
      `insert into _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
       values ($1, $2, $3, clock_timestamp(), 1)`,
      [randomUUID(), checksum, name],
    );
    await client.query("commit");
  } catch (cause) {
    await client.query("rollback").catch(() => {});
    throw new StartError(
      `Migration ${name} failed and was undone (${messageOf(cause)}): nothing of it is in the database; repair the cause and ` +
        "start again.",
      { cause },
    );
  }
}
