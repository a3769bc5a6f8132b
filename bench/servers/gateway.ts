import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { type Demo, readDemo } from "../../src/edge/cli/demo-seed.ts";
import { readEnvironment } from "../../src/platform/config.ts";
import { startEmbeddedPostgres } from "../../src/platform/embedded-postgres.ts";
import type { Closer } from "../closers.ts";
import { root } from "../paths.ts";
import { type Server, startProcess } from "./server-process.ts";

const run = promisify(execFile);

/** Tollgate with everything on, as `npm start` runs it, in a data directory of its own. */
export interface Gateway {
  server: Server;
  pid: number;
  demo: Demo;
  apiKeyId: string;
  /** What its commands are started with. */
  environment: Record<string, string | undefined>;
  /** The owner's connection string to a database of the gateway's Postgres. */
  databaseUrl(database: string): string;
  /** What `npm run usage:verify` says about this data directory. */
  verifyUsage(): Promise<{ holds: boolean; said: string }>;
}

/** The same without a ledger: what metering and limits cost is measured against it. To be started after a whole one, which builds. */
export async function startUnmetered(closers: Closer[]): Promise<Server> {
  const preload = path.join(root, "bench", "servers", "unmetered.mjs");
  const { server } = await startGateway(closers, ["--import", preload]);
  return { ...server, name: "unmetered" };
}

/** @param nodeOptions for the gateway's own process. */
export async function startGateway(closers: Closer[], nodeOptions: string[] = []): Promise<Gateway> {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), "tollgate-bench-"));
  closers.push(() => rm(dataDir, { recursive: true, force: true }));
  const runScript = path.join(root, "scripts", "run.mjs");
  const environment = { ...readEnvironment(), DATA_DIR: dataDir, PORT: "0", DATABASE_URL: "", NODE_ENV: "" };
  const { pid } = await startProcess(
    {
      program: process.execPath,
      args: [...nodeOptions, runScript, "start"],
      environment,
      readyWhen: /Tollgate is ready/,
      // It may have to be compiled first.
      readyWithinMs: 300_000,
    },
    closers,
  );
  const demo = await readDemo(path.join(dataDir, "demo.json"));
  // The gateway has it running; this adopts it, and leaves it to the gateway.
  const postgres = await startEmbeddedPostgres({ dataDir, log: () => undefined });
  const apiKeyId = `key_${demo.apiKey.split("_")[2]}`;
  await raiseQuota(postgres.url("tollgate"), apiKeyId);
  const { hostname, port } = new URL(demo.url);
  // The generator connects by address: looking up a name is not what is measured.
  const host = hostname === "localhost" ? "127.0.0.1" : hostname;
  return {
    server: {
      name: "tollgate",
      host,
      port: Number(port),
      path: "/graphql",
      credential: demo.apiKey,
      pids: [pid, postgres.pid],
    },
    pid,
    demo,
    apiKeyId,
    environment,
    databaseUrl: (database) => postgres.url(database),
    verifyUsage: async () =>
      await run(process.execPath, [runScript, "usage", "verify"], { env: environment }).then(
        ({ stdout }) => ({ holds: true, said: stdout.trim() }),
        (error: { stdout?: string; message: string }) => ({
          holds: false,
          said: error.stdout?.trim() || error.message,
        }),
      ),
  };
}

/**
 * Moves the key's tenant to a version of its plan with a quota that the load cannot use up. The quota is still there:
 * its row is locked, compared and updated by every charge.
 */
async function raiseQuota(databaseUrl: string, apiKeyId: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query("begin");
    await client.query(`
      insert into plan_versions (id, plan_id, version, currency)
        select 'plv_00000000000000000000000000', plan_id, max(version) + 1, min(currency) from plan_versions group by plan_id
        order by plan_id limit 1`);
    await client.query(`
      insert into plan_prices (plan_version_id, meter, unit_price_micros)
        values ('plv_00000000000000000000000000', 'inputs', 100)`);
    await client.query(`
      insert into plan_limits (id, plan_version_id, applies_to, kind, meter, period, quantity)
        values ('lim_bench', 'plv_00000000000000000000000000', 'TENANT', 'QUOTA', 'inputs', 'BILLING_PERIOD', 1000000000000)`);
    const moved = await client.query(
      `update subscriptions set plan_version_id = 'plv_00000000000000000000000000'
        where ends_at is null and tenant_id = (select tenant_id from api_keys where id = $1)`,
      [apiKeyId],
    );
    if (moved.rowCount !== 1) throw new Error("the demo tenant has no open subscription to move");
    await client.query("commit");
  } finally {
    await client.end();
  }
}
