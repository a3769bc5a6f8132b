import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Closer } from "../closers.ts";

/** A server under load. */
export interface Server {
  name: "bare" | "fastapi" | "tollgate" | "unmetered";
  host: string;
  port: number;
  path: string;
  credential: string | undefined;
  /** Its processes; the first is the one that answers. */
  pids: number[];
}

interface Command {
  program: string;
  args: string[];
  environment: Record<string, string | undefined>;
  /** Its output has this once it serves. */
  readyWhen: RegExp;
  readyWithinMs: number;
  cwd?: string;
}

/** Starts a server, waits until it says that it is ready, and hands over what it said. */
export async function startProcess(
  command: Command,
  closers: Closer[],
): Promise<{ pid: number; said: RegExpExecArray }> {
  const child = spawn(command.program, command.args, {
    env: command.environment,
    stdio: ["ignore", "pipe", "pipe"],
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
  });
  const ended = once(child, "exit");
  ended.catch(() => undefined);
  closers.push(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    await ended;
  });
  return { said: await untilSaid(child, command), pid: child.pid ?? 0 };
}

function untilSaid(child: ChildProcess, { program, readyWhen, readyWithinMs }: Command): Promise<RegExpExecArray> {
  let output = "";
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not ready after ${readyWithinMs} ms: ${program}`)), readyWithinMs);
    const fail = (why: string) => {
      clearTimeout(timer);
      reject(new Error(`${program} ${why}: ${output.trim()}`));
    };
    const read = (piece: Buffer) => {
      output = (output + piece.toString()).slice(-20_000);
      const said = readyWhen.exec(output);
      if (said === null) return;
      clearTimeout(timer);
      resolve(said);
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("error", (error) => fail(error.message));
    child.once("exit", (code, signal) => fail(`ended with ${code ?? signal} before it served`));
  });
}
