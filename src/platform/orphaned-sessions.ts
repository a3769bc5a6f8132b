import { readdir, readFile, readlink } from "node:fs/promises";
import { isPostmaster, signalProcess } from "./postmaster.ts";

/**
 * Ends the sessions that outlived their server. They notice its kill -9 only when they wait for something; one that
 * computes goes on, and holds the shared memory without which no new server starts. To end them is what Postgres asks
 * of its operator then; what they had committed is recovered. Known on Linux only: elsewhere they have to be waited for.
 */
export async function endOrphanedSessions(serverDir: string, log: (line: string) => void): Promise<void> {
  const pids = (await readdir("/proc").catch(() => [])).map(Number).filter(Number.isInteger);
  for (const pid of pids) {
    if (!(await isOrphan(pid, serverDir))) continue;
    log(`Ending session ${pid} of a Postgres that was killed`);
    signalProcess(pid, "SIGQUIT");
  }
}

/** A Postgres process that works in the directory, but is neither its server nor the child of one. */
async function isOrphan(pid: number, serverDir: string): Promise<boolean> {
  try {
    const [directory, program] = await Promise.all([readlink(`/proc/${pid}/cwd`), readlink(`/proc/${pid}/exe`)]);
    if (directory !== serverDir || !program.endsWith("/postgres")) return false;
    const parent = await parentOf(pid);
    return !(await isPostmaster(pid, serverDir)) && !(await isPostmaster(parent, serverDir));
  } catch {
    return false; // It has ended, or belongs to somebody into whose processes we may not look.
  }
}

/** `pid (name) state parent …`, and the name may hold spaces and brackets. */
async function parentOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/stat`, "utf8");
  return Number(status.slice(status.lastIndexOf(")") + 2).split(" ")[1]);
}
