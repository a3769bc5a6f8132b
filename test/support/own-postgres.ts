import { mkdtemp, readFile } from "node:fs/promises";
import path from "node:path";
import { inject } from "vitest";
import { startEmbeddedPostgres } from "../../src/platform/embedded-postgres.ts";
import { migrate } from "../../src/platform/migrations.ts";
import { signalProcess } from "../../src/platform/postmaster.ts";
import type { TestDatabase } from "./database.ts";
import { eventually } from "./eventually.ts";
import { childrenOf } from "./processes.ts";

const migrationsFolder = path.resolve(import.meta.dirname, "../../prisma/migrations");

/** A server of the test's own, to be stopped in its tracks or killed while gateways work on it. */
export interface OwnPostgres extends TestDatabase {
  /** The server and every session stand still, though all connections stay open. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** kill -9 of one session: Postgres then ends all the others too, and recovers. */
  killSession(): Promise<void>;
  /** kill -9 of the server itself, as by a power cut, and a new one on the same files and port. */
  killAndStart(): Promise<void>;
}

export async function startOwnPostgres(): Promise<OwnPostgres> {
  const dataDir = await mkdtemp(path.join(inject("scratchDirectory"), "own-postgres-"));
  const start = async (port?: number) =>
    await startEmbeddedPostgres({
      dataDir,
      log: () => {},
      dieWithParent: true,
      ...(port === undefined ? {} : { port }),
    });
  let server = await start();
  const url = server.url("tollgate");
  await migrate({ url, folder: migrationsFolder, log: () => {} });
  const signalAll = async (signal: NodeJS.Signals) => {
    // The server first, so that no session is begun meanwhile.
    signalProcess(server.pid, signal);
    for (const pid of await childrenOf(server.pid)) signalProcess(pid, signal);
  };
  return {
    url,
    freeze: () => signalAll("SIGSTOP"),
    thaw: () => signalAll("SIGCONT"),
    async killSession() {
      for (const pid of await childrenOf(server.pid)) {
        const name = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => ""); // it may just have ended
        if (!name.includes("tollgate_system")) continue;
        process.kill(pid, "SIGKILL");
        return;
      }
      throw new Error("No session to kill.");
    },
    async killAndStart() {
      const { port } = server;
      const pids = [server.pid, ...(await childrenOf(server.pid))];
      for (const pid of pids) signalProcess(pid, "SIGKILL");
      await eventually(async () => !(await server.isRunning()), { withinMs: 10_000, what: "the server is gone" });
      server = await start(port);
    },
    drop: () => server.stop(),
  };
}
