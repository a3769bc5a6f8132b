import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { open, readFile, rename, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { type Launch, serverEnvironment } from "./postgres-launch.ts";

export interface ServerProcess {
  pid: number | undefined;
  isRunning(): boolean;
  /** What it wrote into its log since it was started. */
  output(): Promise<string>;
}

export interface ServerCommand {
  program: string;
  serverDir: string;
  launch: Launch;
  /** Any free one where it is absent. */
  port: number | undefined;
}

/** Starts one server process on the loopback and does not wait for it. */
export async function spawnServer({ program, serverDir, launch, port }: ServerCommand): Promise<ServerProcess> {
  const logFile = `${serverDir}.log`;
  await setLongLogAside(logFile);
  const log = await open(logFile, "a", 0o600);
  const { size } = await log.stat();
  const settings = Object.entries({ ...serverSettings, port: port ?? (await freePort()) });
  const args = ["-D", serverDir, ...settings.flatMap(([name, value]) => ["-c", `${name}=${value}`])];
  const server = spawnDetached([...launch.prefix, program, ...args], launch, log.fd);
  await log.close();

  let failure: Error | undefined;
  server.once("error", (error) => {
    failure = error;
  });
  return {
    pid: server.pid,
    isRunning: () => failure === undefined && server.exitCode === null && server.signalCode === null,
    output: async () => failure?.message ?? (await readFile(logFile)).subarray(size).toString(),
  };
}

/** For a small machine, and for safety: what is not named keeps Postgres's default, fsync above all. */
const serverSettings = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  max_connections: 100,
  shared_buffers: "128MB",
  max_wal_size: "1GB",
  // After a kill -9: one call for the file system instead of an fsync for each of a thousand files, 0.3 s instead of 2.3.
  recovery_init_sync_method: process.platform === "linux" ? "syncfs" : "fsync",
  timezone: "UTC",
  log_timezone: "UTC",
  // Starts, ends and crashes. A failed statement is told to its client, and its values have no place in a log.
  log_min_messages: "log",
  log_min_error_statement: "panic",
  log_checkpoints: "off",
};

function spawnDetached(command: string[], { account }: Launch, output: number): ChildProcess {
  const [file = "", ...args] = command;
  const server = spawn(file, args, {
    ...account,
    cwd: "/",
    env: serverEnvironment,
    // A file and not a pipe, which would break when the gateway is killed and the server stays.
    stdio: ["ignore", output, output],
    // A process group of its own: ^C in the terminal reaches the gateway alone, which drains before it stops Postgres.
    detached: true,
    windowsHide: true,
  });
  server.unref();
  return server;
}

/** Free when we looked: another process may take it before Postgres does, and then the start is tried again. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

const longLogBytes = 4 * 1024 * 1024;

async function setLongLogAside(logFile: string): Promise<void> {
  const size = (await stat(logFile).catch(() => undefined))?.size ?? 0;
  if (size > longLogBytes) await rename(logFile, `${logFile}.1`);
}
