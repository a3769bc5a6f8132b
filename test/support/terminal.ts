import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile } from "node:fs/promises";
import { connect } from "node:net";
import path from "node:path";
import { promisify } from "node:util";
import { inject } from "vitest";
import { readEnvironment } from "../../src/platform/config.ts";

// What an operator sees and does: commands with their exit codes and words, processes, ports, the files of DATA_DIR.

export const root = path.resolve(import.meta.dirname, "../..");
const runScript = path.join(root, "scripts/run.mjs");
const run = promisify(execFile);

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

interface CommandOptions {
  /** What it is given beside PATH and HOME. */
  environment?: Record<string, string>;
  /** What Node is asked to run; the entry of every npm script unless told otherwise. */
  entry?: string;
  /** The Node that runs it; this one unless told otherwise. */
  node?: string;
  /** Options of Node itself. */
  nodeOptions?: string[];
}

/** Runs one command of Tollgate to its end. */
export async function tollgate(command: string[], options: CommandOptions = {}): Promise<Ended> {
  const { environment = {}, entry = runScript, node = process.execPath, nodeOptions = [] } = options;
  return await ended(node, [...nodeOptions, entry, ...command], { RUNNERS: "1", PORT: "0", ...environment });
}

/** Runs a text through bash, as if it had been pasted into a terminal. */
export async function paste(text: string): Promise<Ended> {
  return await ended("bash", ["-c", text], {});
}

async function ended(program: string, args: string[], environment: Record<string, string>): Promise<Ended> {
  const { PATH, HOME } = readEnvironment();
  const child = spawn(program, args, { env: { PATH, HOME, ...environment }, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  await once(child, "close");
  return { code: child.exitCode, stdout, stderr };
}

/** A DATA_DIR that is not there yet, with a space in its path. */
export async function newDataDir(): Promise<string> {
  return path.join(await mkdtemp(path.join(inject("scratchDirectory"), "data dir ")), "data");
}

export interface Demo {
  url: string;
  operator: { email: string; password: string };
  owner: { email: string; password: string };
  apiKey: string;
}

export async function demoIn(dataDir: string): Promise<Demo> {
  return JSON.parse(await readFile(path.join(dataDir, "demo.json"), "utf8"));
}

/** The owner's connection to the Postgres that runs in a DATA_DIR. */
export async function embeddedUrl(dataDir: string): Promise<string> {
  const secret = (await readFile(path.join(dataDir, "postgres.secret"), "utf8")).trim();
  const port = (await readFile(path.join(dataDir, "postgres/postmaster.pid"), "utf8")).split("\n")[3];
  return `postgresql://tollgate_owner:${secret}@127.0.0.1:${port}/tollgate`;
}

/** The pid of the Postgres that runs, or ran, in a DATA_DIR. */
export async function postmasterIn(dataDir: string): Promise<number> {
  return Number((await readFile(path.join(dataDir, "postgres/postmaster.pid"), "utf8")).split("\n")[0]);
}

interface Process {
  pid: number;
  command: string;
}

/** All processes that a process started, and those that they started. */
export async function descendantsOf(pid: number): Promise<Process[]> {
  const processes = await allProcesses();
  const found: Process[] = [];
  for (const parents = [pid]; parents.length > 0; ) {
    const parent = parents.shift();
    const children = processes.filter((one) => one.parent === parent);
    found.push(...children);
    parents.push(...children.map((child) => child.pid));
  }
  return found;
}

/** Which of the processes are still there; a zombie that nobody has waited for yet is not. */
export async function stillRunning(pids: number[]): Promise<Process[]> {
  return (await allProcesses()).filter((one) => pids.includes(one.pid));
}

/** Every process that names the text in its command line. */
export async function processesNaming(text: string): Promise<Process[]> {
  return (await allProcesses()).filter((one) => one.command.includes(text));
}

async function allProcesses(): Promise<(Process & { parent: number })[]> {
  const { stdout } = await run("ps", ["-ww", "-e", "-o", "pid=,ppid=,stat=,args="]);
  return stdout.split("\n").flatMap((line) => {
    const [, pid, parent, state = "", command = ""] = /^ *(\d+) +(\d+) +(\S+) +(.*)$/.exec(line) ?? [];
    return state === "" || state.startsWith("Z") ? [] : [{ pid: Number(pid), parent: Number(parent), command }];
  });
}

export async function isListening(url: string): Promise<boolean> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
