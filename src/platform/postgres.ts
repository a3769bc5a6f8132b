import path from "node:path";
import type { Config } from "./config.ts";
import { startEmbeddedPostgres } from "./embedded-postgres.ts";
import type { Logger } from "./logger.ts";
import { migrate } from "./migrations.ts";
import { withStartConnection } from "./start-connection.ts";

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
  const server = await startEmbeddedPostgres({
    dataDir: config.dataDir,
    log: (line) => logger.debug({ line }, "postgres"),
  });
  const url = server.url("tollgate");
  const stop = async () => {
    if (options.adoptedIsOurs) return await server.stop();
    // A gateway may have started, and adopted it, while this command ran.
    if (!server.adopted && !(await hasOtherClients(url))) await server.stop();
  };
  return { url, isEmbedded: true, stop };
}

async function hasOtherClients(url: string): Promise<boolean> {
  return await withStartConnection(url, async (client) => {
    const others = await client.query(
      "select 1 from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid() limit 1",
    );
    return others.rows.length > 0;
  });
}
