import pg from "pg";
import { messageOf } from "../core/errors.ts";
import { codeOf } from "./error-code.ts";
import { StartError } from "./start-error.ts";

const connectBoundMs = 15_000;

/**
 * One connection for the work of a start. A database that cannot be reached becomes one sentence with host, port and
 * database; the password is in none.
 */
export async function withStartConnection<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const target = targetOf(url);
  const client = await connect(url, target);
  try {
    return await work(client);
  } catch (cause) {
    if (cause instanceof StartError) throw cause;
    throw new StartError(
      `The database "${target.database}" at ${target.host} failed while it was prepared (${messageOf(cause)}): check the rights ` +
        `of user "${target.user}" and the log of Postgres.`,
      { cause },
    );
  } finally {
    await client.end();
  }
}

async function connect(url: string, target: Target): Promise<pg.Client> {
  try {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: connectBoundMs });
    // A connection that is lost fails the query in flight; unheard, the event would end the process.
    client.on("error", () => {});
    await client.connect();
    return client;
  } catch (cause) {
    throw new StartError(explain(target, cause), { cause });
  }
}

/** Makes the database unless it is there. Two callers at once both find it made. */
export async function ensureDatabase(url: string, name: string): Promise<void> {
  await withStartConnection(url, async (client) => {
    const { rowCount } = await client.query("select 1 from pg_database where datname = $1", [name]);
    if (rowCount !== 0) return;
    await client.query(`create database ${pg.escapeIdentifier(name)} template template0`).catch((error: unknown) => {
      // The other one was faster: seen before it began to copy, or only when it wrote the name.
      if (codeOf(error) !== "42P04" && codeOf(error) !== "23505") throw error;
    });
  });
}

interface Target {
  host: string;
  database: string;
  user: string;
}

function targetOf(url: string): Target {
  const parsed = URL.parse(url);
  if (parsed === null || !/^postgres(ql)?:$/.test(parsed.protocol)) {
    throw new StartError(
      "DATABASE_URL is not a connection string: write it as postgresql://user:password@host:5432/database, with special " +
        "characters of the password percent-encoded.",
    );
  }
  return {
    host: `${parsed.hostname || "localhost"}:${parsed.port || "5432"}`,
    database: parsed.pathname.slice(1),
    user: parsed.username,
  };
}

function explain({ host, database, user }: Target, cause: unknown): string {
  const place = `database "${database}" at ${host}`;
  switch (codeOf(cause)) {
    case "ECONNREFUSED":
      return `Nothing listens at ${host}, where DATABASE_URL says the database "${database}" is: start Postgres or correct the URL.`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `The host of ${place} is not known (${codeOf(cause)}): correct the host in DATABASE_URL, or the name service.`;
    case "28P01":
    case "28000":
      return `The ${place} refused user "${user}" (${messageOf(cause)}): correct user and password in DATABASE_URL.`;
    case "3D000":
      return `There is no ${place}: create it or correct DATABASE_URL.`;
    case "53300":
      return `The ${place} has no connection left: raise its max_connections or end other clients.`;
    case "57P03":
      return `The ${place} does not take connections yet (${messageOf(cause)}): start again in a moment.`;
    default:
      return `The ${place} cannot be reached (${messageOf(cause)}): check DATABASE_URL and the network.`;
  }
}
