import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";

export interface HeldServer {
  pid: number;
  adopted: boolean;
  url: string;
}

/** A process in a group of its own that starts or adopts the server of the directory, and stays until it is killed. */
export function holdPostgres(dataDir: string, flags: string[]): ChildProcess {
  const script = path.join(import.meta.dirname, "hold-postgres.ts");
  return spawn(process.execPath, [script, dataDir, ...flags], {
    stdio: ["ignore", "pipe", "ignore"],
    detached: true,
    // biome-ignore lint/style/noProcessEnv: the process gets ours, and one secret more.
    env: { ...process.env, TOLLGATE_TEST_SECRET: "hush" },
  });
}

export async function heldBy(child: ChildProcess): Promise<HeldServer> {
  return JSON.parse(await nextLine(child));
}

export async function nextLine({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error("the process has no output");
  const [line] = await once(createInterface({ input: stdout }), "line");
  return String(line);
}

/** kill -9, and the process is gone. */
export async function kill(child: ChildProcess): Promise<void> {
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}
