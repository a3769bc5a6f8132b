import { createHash, createHmac } from "node:crypto";
import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import { PrismaClient } from "./generated/client.ts";
import { TenantPool, withTenant } from "./tenant-scope.ts";
import { LongReads, type StreamedQuery } from "./tenant-stream.ts";

/** What a store asks of the database. Every call says for whom: one tenant, or the system across tenants. */
export interface Database {
  /** Runs the work behind the tenant's wall: row-level security shows and takes that tenant's rows only. */
  forTenant<T>(tenantId: string, work: (prisma: Prisma) => Promise<T>): Promise<T>;
  /** Runs the work across tenants, as far as the policies of `tollgate_system` reach. */
  asSystem<T>(work: (prisma: Prisma) => Promise<T>): Promise<T>;
  /** SQL behind the tenant's wall. */
  tenantSql<Row extends pg.QueryResultRow>(tenantId: string, query: SqlQuery): Promise<Row[]>;
  /**
   * A long read behind the tenant's wall, some thousand rows at a time, in one snapshot. It goes as fast as it is read,
   * holds a connection of its own meanwhile (there are few: OVERLOADED when none is free), and whoever stops reading
   * stops the query.
   */
  tenantStream<Row extends pg.QueryResultRow, T>(tenantId: string, query: StreamedQuery<Row, T>): AsyncIterable<T[]>;
  /** SQL across tenants. */
  systemSql<Row extends pg.QueryResultRow>(query: SqlQuery): Promise<Row[]>;
  /** SQL across tenants on connections of its own, so that a charge never waits behind a report. */
  chargeSql<Row extends pg.QueryResultRow>(query: SqlQuery): Promise<Row[]>;
  /** Several statements across tenants on one connection, in one transaction. */
  systemTransaction<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  /** Several statements behind the tenant's wall on one connection, in one transaction. */
  tenantTransaction<T>(tenantId: string, work: (sql: Sql) => Promise<T>): Promise<T>;
  /** The same across tenants with the ledger's plans, on connections of its own: jobs charge beside callers, not before them. */
  jobTransaction<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  /** A connection of its own that the caller ends, for LISTEN. */
  dedicatedConnection(): pg.Client;
  close(): Promise<void>;
}

/** A named query is prepared once for each connection: 15 to 20 % faster. */
export interface SqlQuery {
  name?: string;
  text: string;
  values?: unknown[];
}

/** Asks on the one connection of a transaction. */
export type Sql = (query: SqlQuery) => Promise<pg.QueryResultRow[]>;

export type Prisma = PrismaClient;

/** How long the gateway waits for one statement. Maintenance commands, which read whole tables, set their own. */
const servingStatementTimeoutMs = 5_000;

/**
 * The ledger is asked for rows by their keys and for nothing else. Left to itself, Postgres plans to read a table whole
 * while it is nearly empty, and keeps the plan as the table grows, until it is next analyzed: 64 charges under new
 * idempotency keys then took 44 ms, and 256 took 0.7 s; so they take 2 ms and 7 ms.
 */
const pointLookUps = "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off";

/**
 * Opens the pools on a migrated database. Each connects as a role that owns nothing; the owner in `url` is used for one
 * connection, to set the roles' passwords. An error names the database, never a password.
 */
export async function openDatabase(url: string, statementTimeoutMs = servingStatementTimeoutMs): Promise<Database> {
  const passwords = await setRolePasswords(url);
  const connect = (role: Role, max: number): pg.PoolConfig => ({
    connectionString: asRole(url, role, passwords),
    max,
    connectionTimeoutMillis: servingStatementTimeoutMs,
    statement_timeout: statementTimeoutMs,
    // The server ends a statement itself; this is for a server that no longer says anything.
    query_timeout: statementTimeoutMs + 1_000,
    application_name: `tollgate ${role}`,
    keepAlive: true,
  });
  const tenantPool = new TenantPool(connect("tollgate_app", 8));
  const systemPool = new pg.Pool(connect("tollgate_system", 8));
  const chargePool = new pg.Pool({ ...connect("tollgate_system", 4), options: pointLookUps });
  const jobPool = new pg.Pool({ ...connect("tollgate_system", 4), options: pointLookUps });
  const longReads = new LongReads(connect("tollgate_app", 0));
  const pools = [tenantPool, systemPool, chargePool, jobPool, longReads.pool];
  // An idle connection that breaks leaves the pool; whoever needs one next gets a fresh one, or its error.
  for (const pool of pools) pool.on("error", ignored);
  const tenantPrisma = prismaOn(tenantPool);
  const systemPrisma = prismaOn(systemPool);

  return {
    forTenant: (tenantId, work) => withTenant(tenantId, async () => await work(tenantPrisma)),
    asSystem: async (work) => await work(systemPrisma),
    tenantSql: (tenantId, query) => withTenant(tenantId, () => rowsOf(tenantPool, query)),
    tenantStream: (tenantId, query) => longReads.read(tenantId, query),
    systemSql: (query) => rowsOf(systemPool, query),
    chargeSql: (query) => rowsOf(chargePool, query),
    systemTransaction: (work) => inTransaction(systemPool, work),
    tenantTransaction: (tenantId, work) => withTenant(tenantId, () => inTransaction(tenantPool, work)),
    jobTransaction: (work) => inTransaction(jobPool, work),
    dedicatedConnection: () => new pg.Client(connect("tollgate_system", 1)),
    close: async () => {
      await Promise.all([tenantPrisma.$disconnect(), systemPrisma.$disconnect()]);
      await Promise.all(pools.filter((pool) => !pool.ended).map((pool) => pool.end()));
    },
  };
}

type Role = "tollgate_app" | "tollgate_system";

/**
 * Every replica derives the same password from the owner's, so none has to be handed round. An owner without a password
 * (trust or peer authentication) leaves the roles without one.
 */
async function setRolePasswords(url: string): Promise<Record<Role, string> | undefined> {
  const secret = new URL(url).password;
  if (secret === "") return undefined;
  const derive = (role: Role) => createHmac("sha256", decodeURIComponent(secret)).update(role).digest("base64url");
  const passwords = { tollgate_app: derive("tollgate_app"), tollgate_system: derive("tollgate_system") };
  if (await canConnect(asRole(url, "tollgate_app", passwords), asRole(url, "tollgate_system", passwords)))
    return passwords;
  const owner = new pg.Client({ connectionString: url });
  await owner.connect();
  try {
    // Two gateways that start together would update the same row of pg_authid, and one of them would fail.
    await owner.query("select pg_advisory_lock(72707371)");
    for (const role of ["tollgate_app", "tollgate_system"] as const) {
      // The literal is base64url of a hash: nothing in it could end the string.
      await alterRole(owner, `alter role ${role} password '${passwords[role]}'`);
    }
  } finally {
    await owner.end();
  }
  return passwords;
}

const concurrentUpdate = "XX000";
const alterAttempts = 10;

/** Roles are the whole server's, and the lock is one database's: a gateway on another database may be altering them, too. */
async function alterRole(owner: pg.Client, statement: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await owner.query(statement);
      return;
    } catch (error) {
      const isConcurrent = error instanceof pg.DatabaseError && error.code === concurrentUpdate;
      if (!isConcurrent || attempt === alterAttempts) throw error;
    }
  }
}

async function canConnect(...urls: string[]): Promise<boolean> {
  const attempts = urls.map(async (url) => {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
    } finally {
      await client.end().catch(() => undefined);
    }
  });
  const results = await Promise.allSettled(attempts);
  return results.every((result) => result.status === "fulfilled");
}

function asRole(url: string, role: Role, passwords: Record<Role, string> | undefined): string {
  const parts = new URL(url);
  parts.username = role;
  parts.password = passwords?.[role] ?? "";
  return parts.toString();
}

function prismaOn(pool: pg.Pool): PrismaClient {
  const adapter = new PrismaPg(pool, {
    statementNameGenerator: ({ sql }) => createHash("sha1").update(sql).digest("base64url"),
  });
  // The usual error format prints a call's arguments, and a password's hash may be among them.
  const client = new PrismaClient({ adapter, errorFormat: "minimal" });
  // Prisma merges findUnique calls of one tick into one query, across tenants: row-level security would then hide rows
  // from their own tenant. There is no use for it here, so it is not there.
  const refuse = (): never => {
    throw new Error("Use findFirst: findUnique is merged across tenants.");
  };
  return client.$extends({
    query: { $allModels: { findUnique: refuse, findUniqueOrThrow: refuse } },
  }) as unknown as PrismaClient;
}

async function rowsOf<Row extends pg.QueryResultRow>(pool: pg.Pool, query: SqlQuery): Promise<Row[]> {
  const result = await pool.query<Row>(query);
  return result.rows;
}

async function inTransaction<T>(pool: pg.Pool, work: (sql: Sql) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  // A connection that breaks between two statements says so as an event, and one that nobody heard would end the process.
  // The next statement then fails of itself.
  client.on("error", ignored);
  let broken = true;
  try {
    await client.query("begin");
    const result = await work(async (query) => (await client.query(query)).rows);
    await client.query("commit");
    broken = false;
    return result;
  } catch (error) {
    broken = await client.query("rollback").then(
      () => false,
      () => true,
    );
    throw error;
  } finally {
    client.off("error", ignored);
    client.release(broken);
  }
}

function ignored(): void {}
