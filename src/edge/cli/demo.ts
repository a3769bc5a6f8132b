import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { messageOf } from "../../core/errors.ts";
import { StartError } from "../../platform/start-error.ts";
import { type Demo, readDemo } from "./demo-seed.ts";
import { playStory } from "./demo-story.ts";

interface DemoOptions {
  /** Kept where it is named; otherwise a temporary one that is removed. */
  dataDir: string | undefined;
  /** The program that starts a gateway, and what it needs of the environment. */
  startCommand: { program: string; arguments: string[]; environment: Record<string, string | undefined> };
  examplesDir: string;
  out: NodeJS.WriteStream;
}

const startTimeoutMs = 120_000;

/** Plays the whole story on a gateway of its own. Returns the exit code: 0, or 1 after saying what did not hold. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const { out } = options;
  const dataDir = options.dataDir ?? (await mkdtemp(path.join(os.tmpdir(), "tollgate-demo-")));
  const say = (line: string) => out.write(`  ${line}\n`);
  const gateway = startGateway(options, dataDir);
  try {
    say("A gateway of its own is starting …");
    const demo = await gateway.ready;
    say(`It serves ${demo.url}/graphql.`);
    const problems = await playStory({ demo, examplesDir: options.examplesDir, say, progress: progressOn(out) });
    for (const problem of problems) say(`DID NOT HOLD: ${problem}.`);
    if (problems.length === 0) say("Everything held.");
    return problems.length === 0 ? 0 : 1;
  } catch (error) {
    say(`DID NOT HOLD: ${messageOf(error)}`);
    return 1;
  } finally {
    const code = await gateway.stop();
    say(code === 0 ? "The gateway stopped in order." : `The gateway ended with ${code}.`);
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
  }
}

// The story runs against a real process: what it shows is what `npm start` does.
function startGateway(
  { startCommand }: DemoOptions,
  dataDir: string,
): { ready: Promise<Demo>; stop(): Promise<number | null> } {
  const child = spawn(startCommand.program, startCommand.arguments, {
    env: { ...startCommand.environment, DATA_DIR: dataDir, PORT: "0", DATABASE_URL: "", NODE_ENV: "" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const ended = once(child, "exit");
  const ready = new Promise<Demo>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new StartError(`The gateway was not ready after ${startTimeoutMs / 1000} seconds.`)),
      startTimeoutMs,
    );
    const read = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-10_000);
      if (!output.includes("Tollgate is ready")) return;
      clearTimeout(timer);
      readDemo(path.join(dataDir, "demo.json")).then(resolve, reject);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    ended.then(() => {
      clearTimeout(timer);
      reject(new StartError(`The gateway ended before it was ready: ${output.trim()}`));
    }, reject);
  });
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    await ended;
    return child.exitCode;
  };
  return { ready, stop };
}

function progressOn(out: NodeJS.WriteStream): (done: number, of: number) => void {
  if (!out.isTTY) return () => undefined;
  return (done, of) => {
    const width = 30;
    const filled = Math.round((width * done) / of);
    out.write(
      `\r  [${"=".repeat(filled)}${" ".repeat(width - filled)}] ${done}/${of}${done === of ? "\r\u001b[K" : ""}`,
    );
  };
}
