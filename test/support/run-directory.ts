import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

export interface RunDirectory {
  path: string;
  remove(): Promise<void>;
}

/**
 * A directory for everything that a run writes. A sweeper removes it, and ends the servers that still work in it, as
 * soon as this process lets go of the sweeper's input: by `remove`, by ^C, or by kill -9, when no code of ours runs.
 */
export async function makeRunDirectory(): Promise<RunDirectory> {
  const directory = await mkdtemp(path.join(tmpdir(), "tollgate-test-"));
  // The account that Postgres may be given must walk through.
  await chmod(directory, 0o711);
  const sweeper = spawn("sh", ["-c", sweep, "sweeper", directory], {
    stdio: ["pipe", "ignore", "inherit"],
    detached: true,
  });
  sweeper.unref();
  return {
    path: directory,
    async remove() {
      // Else nothing may be left to keep this process alive, and it would end in the middle, as if all were well.
      sweeper.ref();
      const gone = once(sweeper, "exit");
      sweeper.stdin.end();
      await gone;
    },
  };
}

// A lock file may be stale and its pid another's by now: only a process that names this directory is ended.
const sweep = `
  cat > /dev/null
  find "$1" -name postmaster.pid | while read -r lock; do
    pid=$(head -n 1 "$lock")
    ps -ww -o args= -p "$pid" | grep -qF -- "-D $1/" && kill -QUIT "$pid"
  done
  for attempt in 1 2 3 4 5 6 7 8 9 10; do
    rm -rf "$1" 2> /dev/null && break
    sleep 0.2
  done`;
