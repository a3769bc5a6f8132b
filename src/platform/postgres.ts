import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Config } from "./config.ts";
import { startEmbeddedPostgres } from "./embedded-postgres.ts";
import type { Logger } from "./logger.ts";
import { migrate } from "./migrations.ts";
import { withStartConnection } from "./start-connection.ts";
import { startSupervisedPostgres } from "./supervised-postgres.ts";

/** The Postgres that this process works on, migrated. */
export interface Postgres {
  url: string;
  isEmbedded: boolean;
  /** Ends the server where this process started it; leaves it alone where it was there before. */
  stop(): Promise<void>;
}

const migrationsFolder = path.resolve(import.meta.dirname, "..", "..", "prisma", "migrations");

/** The Postgres of DATABASE_URL, or else the embedded one under DATA_DIR, brought to this version's tables. */
export async function openPostgres(
  config: Config,
  logger: Logger,
  options: { adoptedIsOurs: boolean },
): Promise<Postgres> {
  const postgres =
    config.databaseUrl === undefined ? await openEmbedded(config, logger, options) : external(config.databaseUrl);
  try {
    const { applied } = await migrate({
      url: postgres.url,
      folder: migrationsFolder,
      log: (line) => logger.info(line),
    });
    if (applied.length > 0) logger.info({ applied }, "migrated");
    return postgres;
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}

function external(url: string): Postgres {
  return { url, isEmbedded: false, stop: async () => undefined };
}

// A gateway that was killed leaves its server running, and the next gateway owns it. A command that finds one leaves it
// to the gateway that runs beside it.
async function openEmbedded(config: Config, logger: Logger, options: { adoptedIsOurs: boolean }): Promise<Postgres> {
  const embedded = { dataDir: config.dataDir, log: (line: string) => logger.debug({ line }, "postgres") };
  const server = options.adoptedIsOurs
    ? await startSupervisedPostgres(embedded, (line) => logger.warn(line))
    : await startEmbeddedPostgres(embedded);
  const url = server.url("tollgate");
  const stop = async () => {
    if (server.adopted && !options.adoptedIsOurs) return;
    if (await isLeftAlone(url)) await server.stop();
    else logger.warn("another process works on the embedded Postgres, so it keeps running");
  };
  return { url, isEmbedded: true, stop };
}

const leaveWithinMs = 2_000;

/**
 * Whether nobody else works on the server. A second gateway on the same DATA_DIR, which perhaps only failed to get its
 * port, must not take the database from under the first; neither must a command that found none running when it came.
 * Sessions that have just been closed take a moment to go.
 */
async function isLeftAlone(url: string): Promise<boolean> {
  for (const deadline = performance.now() + leaveWithinMs; performance.now() < deadline; await pause(50)) {
    if (!(await hasOtherClients(url))) return true;
  }
  return false;
}

async function hasOtherClients(url: string): Promise<boolean> {
  try {
    return await withStartConnection(url, async (client) => {
      const others = await client.query(
        "select 1 from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid() limit 1",
      );
      return others.rows.length > 0;
    });
  } catch {
    return false; // a server that cannot be asked serves nobody
  }
}
