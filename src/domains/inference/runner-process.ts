import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { messageOf } from "../../core/errors.ts";
import { readEnvironment } from "../../platform/config.ts";
import type { Logger } from "../../platform/logger.ts";
import type { Provider } from "./provider.ts";

const run = promisify(execFile);

/** One child process for model code, as bare as the system allows. */
export interface RunnerProcess {
  pid: number;
  /** Frames go in and out here. */
  pipe: Socket;
  /** Why it ended; settles once, and never rejects. */
  ended: Promise<string>;
  kill(): void;
  /**
   * To be called once it is up, before it meets a model. Returns what of the fence this system could not give.
   *
   * @param memoryLimitMb no limit where it is undefined: CUDA maps far more addresses than it ever uses.
   */
  fence(memoryLimitMb: number | undefined): Promise<string[]>;
  /** What it holds in memory now; undefined where the system does not tell. */
  residentBytes(): number | undefined;
}

export interface RunnerProgram {
  /** What Node is to run. */
  file: string;
  args: readonly string[];
}

// What a session takes is measured by what its process holds: when garbage is collected, it is to be gone at once.
const memoryFlags = ["--expose-gc", "--no-concurrent-array-buffer-sweeping"];

/** @param provider a runner for CUDA may look for its libraries where the gateway would. */
export async function spawnRunner(
  logger: Logger,
  { provider, program: { file, args: own } = runnerMain() }: { provider: Provider; program?: RunnerProgram },
): Promise<RunnerProcess> {
  const directory = await mkdtemp(path.join(tmpdir(), "tollgate-runner-"));
  launcher ??= deathSignal();
  const prefix = await launcher;
  const [program = process.execPath, ...args] = [...prefix, process.execPath, ...memoryFlags, file, ...own];
  const child = spawn(program, args, {
    cwd: directory,
    env: { ...environmentIn(directory), ...(provider === "CUDA" ? cudaEnvironment() : {}) },
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    // A process group of its own: ^C in the terminal reaches the gateway alone, which finishes what it accepted.
    detached: true,
    windowsHide: true,
  });
  const ended = endOf(child).finally(() => rm(directory, { recursive: true, force: true }));
  const pipe = child.stdio[3];
  if (child.pid === undefined || !(pipe instanceof Socket))
    throw new Error(`No runner could be started: ${await ended}`);
  const { pid } = child;
  logOutput(child, logger.child({ runnerPid: pid }));
  return {
    pid,
    pipe,
    ended,
    kill: () => child.kill("SIGKILL"),
    fence: async (memoryLimitMb) => {
      // From here on there is nowhere to write to, and no file that a model could name.
      await rm(directory, { recursive: true, force: true });
      const unlimited =
        memoryLimitMb === undefined
          ? "CUDA needs more addresses than a limit could allow"
          : await limitMemory(pid, memoryLimitMb);
      const undying = prefix.length === 0 ? "this system has no setpriv that sets a death signal" : undefined;
      return [unlimited, undying].filter((problem) => problem !== undefined);
    },
    residentBytes: () => residentBytes(pid),
  };
}

/** An allow-list: of the gateway's own environment nothing passes, whatever it comes to hold. */
function environmentIn(directory: string): Record<string, string> {
  return { HOME: directory, TMPDIR: directory, ORT_DISABLE_TELEMETRY: "1", LANG: "C.UTF-8" };
}

/** Where CUDA's libraries and its devices are said to be; nothing that is a secret. */
function cudaEnvironment(): Record<string, string> {
  const environment = readEnvironment();
  return Object.fromEntries(
    ["LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES"].flatMap((name) => {
      const value = environment[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** The child's program lies beside this file: compiled, or as the source that Node reads by itself. */
function runnerMain(): RunnerProgram {
  return { file: fileURLToPath(new URL(`runner-main${path.extname(import.meta.url)}`, import.meta.url)), args: [] };
}

function residentBytes(pid: number): number | undefined {
  try {
    const [, pages = "0"] = readFileSync(`/proc/${pid}/statm`, "utf8").split(" ");
    return Number(pages) * pageBytes;
  } catch {
    // It has just ended, or this system has no /proc.
    return undefined;
  }
}

/**
 * A runner that is idle sees its pipe close when the gateway dies. One that is busy in an endless loop does not: the
 * kernel ends it, where a tool can ask for that.
 */
let launcher: Promise<string[]> | undefined;

async function deathSignal(): Promise<string[]> {
  const tool = toolAt("setpriv");
  if (tool === undefined) return [];
  const command = [tool, "--pdeathsig", "KILL", "--no-new-privs"];
  try {
    await run(tool, [...command.slice(1), process.execPath, "--version"]);
    return command;
  } catch {
    // An older one, or another program of this name.
    return [];
  }
}

/**
 * Sets the limit over what the process has mapped so far: Node reserves more than a gigabyte of addresses that it never
 * touches, and how much differs from version to version.
 */
async function limitMemory(pid: number, memoryLimitMb: number): Promise<string | undefined> {
  const tool = toolAt("prlimit");
  if (tool === undefined) return "this system has no prlimit";
  try {
    const [pages = "0"] = (await readFile(`/proc/${pid}/statm`, "utf8")).split(" ");
    const bytes = Number(pages) * pageBytes + memoryLimitMb * 1024 * 1024;
    await run(tool, ["--pid", String(pid), `--as=${bytes}:${bytes}`, "--core=0:0"]);
    return undefined;
  } catch (error) {
    return `prlimit failed: ${messageOf(error)}`;
  }
}

const pageBytes = 4096;

function toolAt(name: string): string | undefined {
  return [`/usr/bin/${name}`, `/bin/${name}`].find((file) => existsSync(file));
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) =>
      resolve(signal === null ? `it exited with ${code}` : `it was ended by ${signal}`),
    );
  });
}

const maxOutputBytes = 64 * 1024;

/** What model code makes ONNX Runtime print belongs in the log, as text and within bounds. */
function logOutput(child: ChildProcess, logger: Logger): void {
  let left = maxOutputBytes;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      logger.warn({ output: chunk.toString("utf8", 0, Math.min(left, 4096)) }, "a runner wrote to its output");
      left -= chunk.length;
      if (left <= 0) stream.destroy();
    });
    stream?.on("error", () => stream.destroy());
  }
}
