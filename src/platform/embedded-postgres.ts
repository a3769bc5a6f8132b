import { chmod, mkdir, realpath } from "node:fs/promises";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { messageOf } from "../core/errors.ts";
import { codeOf } from "./error-code.ts";
import { endOrphanedSessions } from "./orphaned-sessions.ts";
import { findPostgresBinaries } from "./postgres-binaries.ts";
import { prepareData } from "./postgres-data.ts";
import { explainServerFailure } from "./postgres-failure.ts";
import { chooseLaunch, dyingWithParent } from "./postgres-launch.ts";
import { type ServerProcess, spawnServer } from "./postgres-process.ts";
import { isPostmaster, type Postmaster, removeStaleLock, runningPostmaster, stopPostmaster } from "./postmaster.ts";
import { ensureDatabase } from "./start-connection.ts";
import { StartError } from "./start-error.ts";

export interface EmbeddedPostgresOptions {
  /** DATA_DIR: the server lives in `postgres/` below it, its password in `postgres.secret`, its log in `postgres.log`. */
  dataDir: string;
  log: (line: string) => void;
  /**
   * Ends the server when the thread that started it ends, even by kill -9. Without it the server then stays and is
   * adopted by the next start.
   */
  dieWithParent?: boolean;
  /** Where a server that is started listens, on the loopback. Any free port unless it is given. */
  port?: number;
}

export interface EmbeddedPostgres {
  /** The superuser's connection string to a database of this server. It holds the password. */
  url(database: string): string;
  password: string;
  /** The server ran already: somebody else started it, who may still need it. */
  adopted: boolean;
  pid: number;
  port: number;
  /** Whether the server process is still there. */
  isRunning(): Promise<boolean>;
  /** Cuts all sessions, writes everything, and ends the server within a bound. */
  stop(): Promise<void>;
}

const superuser = "tollgate_owner";
const ownDatabase = "tollgate";
const politeStopMs = 30_000;

/**
 * Starts the Postgres that npm brought, or adopts the one that already runs in this directory, and returns when it
 * takes connections. Started twice at once, one starts it and the other adopts it.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { log } = options;
  const binaries = await findPostgresBinaries();
  const dataDir = await makeDataDir(options.dataDir);
  const serverDir = path.join(dataDir, "postgres");
  const chosen = await chooseLaunch({ program: binaries.postgres, dataDir, serverDir });
  const launch = options.dieWithParent ? await dyingWithParent(chosen, log) : chosen;
  const password = await prepareData({ dataDir, serverDir, superuser, initdb: binaries.initdb, launch, log }).catch(
    (error: unknown) => {
      throw asStartError(dataDir, error);
    },
  );

  const urlOn = (server: Postmaster, database: string) =>
    `postgresql://${superuser}:${password}@127.0.0.1:${server.port}/${database}`;
  const notice = setTimeout(() => log("Postgres is not ready yet: it is replaying its log, or still ending"), 5_000);
  const running = await startOrAdopt({
    serverDir,
    spawn: () => spawnServer({ program: binaries.postgres, serverDir, launch, port: options.port }),
    open: (server) => openOwnDatabase(urlOn(server, "postgres"), server, serverDir),
    log,
  }).finally(() => clearTimeout(notice));
  const { pid, port, adopted } = running;
  log(`Postgres ${pid} ${adopted ? "was running" : `started ${launch.how}`} on 127.0.0.1:${port}`);

  const stop = async () => {
    if (!(await stopPostmaster(pid, serverDir, politeStopMs))) log(`Postgres ${pid} does not end; it is left running`);
  };
  const isRunning = () => isPostmaster(pid, serverDir);
  return { url: (database) => urlOn(running, database), password, adopted, pid, port, isRunning, stop };
}

interface RunningServer extends Postmaster {
  adopted: boolean;
}

/** False where the server is just being ended by somebody else: then another has to be started. */
async function openOwnDatabase(url: string, server: RunningServer, serverDir: string): Promise<boolean> {
  try {
    await ensureDatabase(url, ownDatabase);
    return true;
  } catch (error) {
    const code = error instanceof StartError ? (codeOf(error.cause) ?? "") : "";
    if (["ECONNREFUSED", "ECONNRESET", "57P01", "57P03"].includes(code)) return false;
    if (!server.adopted) await stopPostmaster(server.pid, serverDir, politeStopMs);
    throw code === "28P01" ? wrongSecret(serverDir, error) : error;
  }
}

function wrongSecret(serverDir: string, cause: unknown): StartError {
  return new StartError(
    `The password in ${serverDir}.secret is not that of the database in ${serverDir}: put back the file that was made with it.`,
    { cause },
  );
}

/** Resolved, because a running server is recognised by the directory that its command line names. */
async function makeDataDir(asked: string): Promise<string> {
  const dataDir = path.resolve(asked);
  try {
    const made = await mkdir(dataDir, { recursive: true });
    // What is written below is private by itself; the account that Postgres may be given must walk through.
    if (made !== undefined) await chmod(dataDir, 0o711);
    return await realpath(dataDir);
  } catch (error) {
    throw asStartError(dataDir, error);
  }
}

function asStartError(dataDir: string, cause: unknown): StartError {
  if (cause instanceof StartError) return cause;
  if (codeOf(cause) === "ENOSPC") {
    return new StartError(`The disk that holds DATA_DIR (${dataDir}) is full: free some space or choose another.`, {
      cause,
    });
  }
  return new StartError(`DATA_DIR (${dataDir}) cannot be used (${messageOf(cause)}): choose one that can be written.`, {
    cause,
  });
}

interface StartOrAdopt {
  serverDir: string;
  spawn: () => Promise<ServerProcess>;
  open: (server: RunningServer) => Promise<boolean>;
  log: (line: string) => void;
}

/** A server that was killed replays its log first, up to max_wal_size: slow disks need this long. */
const readyBoundMs = 180_000;

/**
 * Postgres's own lock file decides who starts: a server that finds it taken ends at once, and we adopt the holder. So
 * nothing here is a lock of ours that a kill -9 could leave closed.
 */
async function startOrAdopt({ serverDir, spawn, open, log }: StartOrAdopt): Promise<RunningServer> {
  let started: ServerProcess | undefined;
  for (const deadline = Date.now() + readyBoundMs; Date.now() < deadline; await pause(20)) {
    const postmaster = await runningPostmaster(serverDir);
    const server = postmaster && { ...postmaster, adopted: postmaster.pid !== started?.pid };
    if (server?.isReady && (await open(server))) return server;
    if (server !== undefined || started?.isRunning()) continue;
    if (started !== undefined) await clearTheWay(started, serverDir, log);
    await removeStaleLock(serverDir);
    started = await spawn();
  }
  throw new StartError(
    `Postgres in ${serverDir} was not ready after ${readyBoundMs / 1000} s: look for the reason in ${serverDir}.log, and ` +
      "start again.",
  );
}

/** After a server of ours that ended at once: throws unless the next one may fare better. */
async function clearTheWay(ended: ServerProcess, serverDir: string, log: (line: string) => void): Promise<void> {
  const output = await ended.output();
  const heldBySessions = output.includes("pre-existing shared memory block");
  const lostToAnother = /lock file ".*" already exists|Address already in use/.test(output);
  if (!heldBySessions && !lostToAnother) throw explainServerFailure("Postgres", output);
  if (heldBySessions) await endOrphanedSessions(serverDir, log);
  await pause(100);
}
