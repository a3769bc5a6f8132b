import { execFile } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { codeOf } from "./error-code.ts";

const run = promisify(execFile);

/** The one server process of a directory, as its lock file `postmaster.pid` names it. */
export interface Postmaster {
  pid: number;
  port: number;
  isReady: boolean;
}

/**
 * The server that runs in this directory, if one does. A lock file is left behind by kill -9, and its pid may since
 * have been given to any other process.
 */
export async function runningPostmaster(serverDir: string): Promise<Postmaster | undefined> {
  const lock = await readLock(serverDir);
  if (lock === undefined || !(await isPostmaster(lock.pid, serverDir))) return undefined;
  return lock;
}

/**
 * Postgres sees by itself that the pid of an old lock file is gone; where another process has got that pid it would
 * refuse to start. Two servers still cannot meet: each also holds a shared memory block under the directory's inode.
 */
export async function removeStaleLock(serverDir: string): Promise<void> {
  const lock = await readLock(serverDir);
  if (lock === undefined || (await isPostmaster(lock.pid, serverDir))) return;
  await rm(lockFile(serverDir), { force: true });
}

/**
 * Ends the server: first politely (sessions are cut, all is written), then at once (it recovers at its next start).
 * False if it is still there after both.
 */
export async function stopPostmaster(pid: number, serverDir: string, politeMs: number): Promise<boolean> {
  for (const [signal, boundMs] of [
    ["SIGINT", politeMs],
    ["SIGQUIT", 10_000],
  ] as const) {
    if (!(await isPostmaster(pid, serverDir))) return true;
    signalProcess(pid, signal);
    if (await isGoneWithin(pid, serverDir, boundMs)) return true;
  }
  return false;
}

async function isGoneWithin(pid: number, serverDir: string, boundMs: number): Promise<boolean> {
  for (const deadline = Date.now() + boundMs; Date.now() < deadline; await pause(20)) {
    if (!(await isPostmaster(pid, serverDir))) return true;
  }
  return false;
}

export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (codeOf(error) !== "ESRCH") throw error;
  }
}

function lockFile(serverDir: string): string {
  return path.join(serverDir, "postmaster.pid");
}

async function readLock(serverDir: string): Promise<Postmaster | undefined> {
  const text = await readFile(lockFile(serverDir), "utf8").catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return "";
    throw error;
  });
  // pid, directory, start time, port, socket directory, address, shared memory, state; written line by line.
  const [pid, , , port, , , , state] = text.split("\n");
  if (!Number(pid)) return undefined;
  return { pid: Number(pid), port: Number(port), isReady: state?.trim() === "ready" };
}

/** A process of that pid whose command line is a server on this directory. A zombie has no command line. */
export async function isPostmaster(pid: number, serverDir: string): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (codeOf(error) !== "EPERM") return false;
  }
  return (await commandLine(pid)).includes(` -D ${serverDir} `);
}

async function commandLine(pid: number): Promise<string> {
  try {
    if (process.platform === "linux") return (await readFile(`/proc/${pid}/cmdline`, "utf8")).replaceAll("\0", " ");
    return (await run("ps", ["-ww", "-o", "command=", "-p", String(pid)])).stdout;
  } catch {
    return "";
  }
}
