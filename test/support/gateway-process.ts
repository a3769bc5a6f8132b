import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp } from "node:fs/promises";
import path from "node:path";
import { inject } from "vitest";
import { readEnvironment } from "../../src/platform/config.ts";

const root = path.resolve(import.meta.dirname, "../..");
const startTimeoutMs = 90_000;

const started = new Set<ChildProcess>();

/** A gateway as an operator runs it: a process of its own, which can be killed. */
export class GatewayProcess {
  readonly url: string;
  readonly dataDir: string;
  readonly #child: ChildProcess;
  readonly #output: () => string;

  private constructor(child: ChildProcess, rest: { url: string; dataDir: string; output: () => string }) {
    this.#child = child;
    this.url = rest.url;
    this.dataDir = rest.dataDir;
    this.#output = rest.output;
  }

  /** Starts it and waits until it says that it is ready. Without DATABASE_URL it runs on a Postgres of its own. */
  static async start(environment: Record<string, string>): Promise<GatewayProcess> {
    const dataDir = environment["DATA_DIR"] ?? (await mkdtemp(path.join(inject("scratchDirectory"), "gateway-")));
    const { child, output } = spawnGateway(["start"], { PORT: "0", RUNNERS: "1", ...environment, DATA_DIR: dataDir });
    started.add(child);
    child.once("exit", () => started.delete(child));
    const url = await readyUrl(child, output);
    return new GatewayProcess(child, { url, dataDir, output });
  }

  /** Starts a command that ends by itself, or is killed before. */
  static launch(command: string[], environment: Record<string, string>): ChildProcess {
    const { child } = spawnGateway(command, environment);
    started.add(child);
    child.once("exit", () => started.delete(child));
    return child;
  }

  /** Runs a command that ends by itself. */
  static async run(
    command: string[],
    environment: Record<string, string>,
  ): Promise<{ code: number | null; output: string }> {
    const { child, output } = spawnGateway(command, environment);
    await once(child, "exit");
    return { code: child.exitCode, output: output() };
  }

  /** The processes that were started and have not ended. */
  static running(): ChildProcess[] {
    return [...started];
  }

  /** Ends whatever a test that failed has left running. */
  static killAll(): void {
    for (const child of started) child.kill("SIGKILL");
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get output(): string {
    return this.#output();
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Ends it as a power cut would, and returns when it is gone. */
  async kill(): Promise<void> {
    if (this.hasEnded) return;
    const gone = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await gone;
  }

  /** Asks it to stop, and returns its exit code. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    if (this.hasEnded) return this.#child.exitCode;
    const gone = once(this.#child, "exit");
    this.#child.kill(signal);
    await gone;
    return this.#child.exitCode;
  }
}

function spawnGateway(
  command: string[],
  environment: Record<string, string>,
): { child: ChildProcess; output: () => string } {
  // Nothing of the tests' own environment but the way to programs: what a gateway needs, it is given here.
  const child = spawn(process.execPath, [path.join(root, "scripts/run.mjs"), ...command], {
    env: { PATH: readEnvironment()["PATH"], HOME: readEnvironment()["HOME"], ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  const keep = (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-50_000);
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  return { child, output: () => text };
}

async function readyUrl(child: ChildProcess, output: () => string): Promise<string> {
  return await new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`The gateway ${why}: ${output()}`));
    const timer = setTimeout(() => fail(`was not ready within ${startTimeoutMs} ms`), startTimeoutMs);
    const look = () => {
      const url = /Tollgate is ready at (http\S+)\/graphql/.exec(output())?.[1];
      if (url === undefined) return;
      clearTimeout(timer);
      resolve(url);
    };
    child.stdout?.on("data", look);
    child.once("exit", () => {
      clearTimeout(timer);
      fail("ended before it was ready");
    });
  });
}
