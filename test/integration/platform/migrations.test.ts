import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { migrate, migrationsDigest, refuseOldPostgres } from "../../../src/platform/migrations.ts";
import { withStartConnection } from "../../../src/platform/start-connection.ts";
import { StartError } from "../../../src/platform/start-error.ts";
import { createEmptyDatabase, type TestDatabase } from "../../support/database.ts";
import { eventually } from "../../support/eventually.ts";
import { urlOf } from "../../support/template-database.ts";

let database: TestDatabase;
let folder: string;

beforeEach(async () => {
  database = await createEmptyDatabase();
  folder = await mkdtemp(path.join(inject("scratchDirectory"), "migrations-"));
});

afterEach(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

async function write(name: string, sql: string): Promise<string> {
  await mkdir(path.join(folder, name), { recursive: true });
  await writeFile(path.join(folder, name, "migration.sql"), sql);
  return createHash("sha256").update(sql).digest("hex");
}

const run = (lockWaitMs = 20_000) => migrate({ url: database.url, folder, log: () => {}, lockWaitMs });

function query<Row extends object>(sql: string): Promise<Row[]> {
  return withStartConnection(database.url, async (client) => (await client.query<Row>(sql)).rows);
}

async function failure(promise: Promise<unknown>): Promise<StartError> {
  const thrown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof StartError)) throw new Error("expected a StartError", { cause: thrown });
  return thrown;
}

describe("migrating", () => {
  test("applies what is missing in the order of the names, once", async () => {
    await write("002_fill", "insert into fruit values ('apple'); insert into fruit values ('pear')");
    await write("001_make", "create table fruit (name text)");
    expect(await run()).toEqual({ applied: ["001_make", "002_fill"] });
    expect(await run()).toEqual({ applied: [] });

    await write("003_more", "insert into fruit values ('plum')");
    expect(await run()).toEqual({ applied: ["003_more"] });
    expect(await query("select name from fruit order by name")).toEqual([
      { name: "apple" },
      { name: "pear" },
      { name: "plum" },
    ]);
  });

  test("keeps the book as Prisma does, so that its command line says the database is up to date", async () => {
    const checksum = await write("001_make", "create table fruit (name text)");
    await run();
    const [line] = await query("select * from _prisma_migrations");
    expect(line).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      checksum,
      migration_name: "001_make",
      logs: null,
      rolled_back_at: null,
      started_at: expect.any(Date),
      finished_at: expect.any(Date),
      applied_steps_count: 1,
    });
  });

  test("applies each migration once when many processes start at the same time", async () => {
    await write("001_make", "create table fruit (name text)");
    await write("002_fill", "insert into fruit values ('apple')");
    const outcomes = await Promise.all(Array.from({ length: 6 }, () => run()));
    expect(outcomes.flatMap(({ applied }) => applied).sort()).toEqual(["001_make", "002_fill"]);
    expect(await query("select name from fruit")).toEqual([{ name: "apple" }]);
  });

  test("takes its turn after a `prisma migrate` that holds Prisma's lock", async () => {
    await write("001_make", "create table fruit (name text)");
    await withStartConnection(database.url, async (prisma) => {
      await prisma.query("select pg_advisory_lock(72707369)");
      const waiting = run();
      await eventually(async () => (await query("select 1 from pg_locks where not granted")).length, {
        withinMs: 10_000,
        what: "the second process waits for the lock",
      });
      await prisma.query("select pg_advisory_unlock(72707369)");
      expect(await waiting).toEqual({ applied: ["001_make"] });
    });
  });

  test("gives up after a bound when the other process never ends, and says how to find it", async () => {
    await withStartConnection(database.url, async (prisma) => {
      await prisma.query("select pg_advisory_lock(72707369)");
      const { message } = await failure(run(200));
      expect(message).toContain("for more than 0.2 s");
      expect(message).toContain("72707369");
    });
  });

  test("applies again what Prisma's book says was rolled back", async () => {
    await write("001_make", "create table fruit (name text)");
    await run();
    await query("drop table fruit");
    await query("update _prisma_migrations set rolled_back_at = now()");
    expect(await run()).toEqual({ applied: ["001_make"] });
  });
});

describe("a migration that fails", () => {
  test("leaves nothing of itself, keeps those before it, and is applied when it is repaired", async () => {
    await write("001_make", "create table fruit (name text)");
    await write("002_broken", "create table half (name text); insert into nowhere values (1)");
    const { message } = await failure(run());
    expect(message).toContain("Migration 002_broken failed and was undone");
    expect(message).toContain('"nowhere" does not exist');
    expect(await query("select to_regclass('half') as half, to_regclass('fruit')::text as fruit")).toEqual([
      { half: null, fruit: "fruit" },
    ]);

    await write("002_broken", "create table half (name text)");
    expect(await run()).toEqual({ applied: ["002_broken"] });
  });

  test("leaves nothing of itself when only its line in the book cannot be written", async () => {
    await write("001_self", "create table half (name text); alter table _prisma_migrations add check (id is null)");
    await failure(run());
    expect(await query("select to_regclass('half') as half")).toEqual([{ half: null }]);
  });

  test("leaves nothing of itself when its connection is lost in the middle", async () => {
    await write("001_long", "create table half (name text); select pg_sleep(60)");
    const lost = failure(run());
    await eventually(
      () => query("select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'").then(hasRows),
      { withinMs: 10_000, what: "the migration sleeps" },
    );
    expect((await lost).message).toContain("001_long");
    await write("001_long", "create table half (name text)");
    expect(await run()).toEqual({ applied: ["001_long"] });
  });
});

describe("a database that does not fit the code", () => {
  test("stops the start when an applied migration was edited, naming it and both digests", async () => {
    const applied = await write("001_make", "create table fruit (name text)");
    await run();
    const edited = await write("001_make", "create table fruit (name varchar)");
    await write("002_next", "create table next (name text)");
    const { message } = await failure(run());
    expect(message).toContain("001_make");
    expect(message).toContain(applied);
    expect(message).toContain(edited);
    expect(await query("select to_regclass('next') as next")).toEqual([{ next: null }]);
  });

  test("stops the start when the database is ahead of the code", async () => {
    await write("001_make", "create table fruit (name text)");
    await write("002_next", "create table next (name text)");
    await run();
    await rm(path.join(folder, "002_next"), { recursive: true });
    expect((await failure(run())).message).toMatch(/^The database is ahead of this code: it holds 002_next,/);
  });

  test("stops the start when `prisma migrate` left a migration half done", async () => {
    await write("001_make", "create table fruit (name text)");
    await run();
    await query("update _prisma_migrations set finished_at = null");
    const { message } = await failure(run());
    expect(message).toContain("Migration 001_make failed earlier");
    expect(message).toContain("prisma migrate resolve --rolled-back 001_make");
  });

  test("stops the start on a Postgres older than 15", () => {
    expect(() => refuseOldPostgres({ number: 140_020, name: "14.20" })).toThrow(/runs Postgres 14.20; .* 15 or newer/);
    expect(() => refuseOldPostgres({ number: 150_000, name: "15.0" })).not.toThrow();
  });

  test("stops the start when a migration's file is missing", async () => {
    await mkdir(path.join(folder, "001_empty"));
    expect((await failure(run())).message).toContain(path.join("001_empty", "migration.sql"));
  });
});

describe("a database that cannot be reached is one sentence with its address and without its password", () => {
  const password = "s3cret-of-nobody";
  const from = (url: string) => failure(migrate({ url, folder, log: () => {} }));

  test.each([
    ["nothing listens", `postgresql://me:${password}@127.0.0.1:1/shop`, /Nothing listens at 127.0.0.1:1\b.*"shop"/],
    [
      "the host is unknown",
      `postgresql://me:${password}@nowhere.invalid/shop`,
      /"shop" at nowhere.invalid:5432 is not known/,
    ],
    ["the address is no address", `postgres//me:${password}@h/shop`, /not a connection string/],
    ["the scheme is another", `mysql://me:${password}@h/shop`, /not a connection string/],
  ])("%s", async (_, url, expected) => {
    const { message } = await from(url);
    expect(message).toMatch(expected);
    expect(message).not.toContain(password);
  });

  test("the password is wrong", async () => {
    const url = new URL(database.url);
    url.password = password;
    const { message } = await from(url.href);
    expect(message).toContain(`at ${url.host} refused user "${url.username}"`);
    expect(message).not.toContain(password);
  });

  test("the database is unknown", async () => {
    const { message } = await from(urlOf(database.url, "no_such_shop"));
    expect(message).toMatch(/^There is no database "no_such_shop" at [\w.]+:\d+/);
    expect(message).not.toContain(new URL(database.url).password);
  });
});

describe("the digest of the migrations", () => {
  test("changes when one is added, renamed or edited, and only then", async () => {
    await write("001_make", "create table fruit (name text)");
    const before = await migrationsDigest(folder);
    expect(await migrationsDigest(folder)).toBe(before);

    await write("001_make", "create table fruit (name varchar)");
    const edited = await migrationsDigest(folder);
    await rename(path.join(folder, "001_make"), path.join(folder, "002_make"));
    const renamed = await migrationsDigest(folder);
    await write("003_next", "");
    const added = await migrationsDigest(folder);
    expect(new Set([before, edited, renamed, added]).size).toBe(4);
  });
});

function hasRows(rows: object[]): boolean {
  return rows.length > 0;
}
