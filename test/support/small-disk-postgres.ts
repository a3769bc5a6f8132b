import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, open, rm } from "node:fs/promises";
import path from "node:path";
import { inject, onTestFinished } from "vitest";
import { codeOf } from "../../src/platform/error-code.ts";
import { migrate } from "../../src/platform/migrations.ts";
import { withStartConnection } from "../../src/platform/start-connection.ts";
import type { TestDatabase } from "./database.ts";
import { heldBy, kill } from "./held-postgres.ts";

const migrationsFolder = path.resolve(import.meta.dirname, "../../prisma/migrations");

/** A server of the test's own that keeps some tables on a disk of a few megabytes. */
export interface SmallDiskPostgres extends TestDatabase {
  /** Leaves no byte free. */
  fill(): Promise<void>;
  /** Gives back what `fill` took. */
  free(): Promise<void>;
}

/** In a namespace of its own, in which whoever runs the tests may mount a disk. */
export async function startSmallDiskPostgres(options: {
  megabytes: number;
  tables: string[];
}): Promise<SmallDiskPostgres> {
  const home = await mkdtemp(path.join(inject("scratchDirectory"), "small-disk-"));
  const disk = path.join(home, "disk");
  await mkdir(disk);
  const server = spawnApart({ disk, dataDir: path.join(home, "data"), megabytes: options.megabytes });
  const drop = async () => {
    if (server.exitCode === null && server.signalCode === null) await kill(server);
  };
  onTestFinished(drop);
  const { url } = await heldBy(server);
  const sql = async (text: string) =>
    await withStartConnection(url, async (connection) => await connection.query(text));
  await migrate({ url, folder: migrationsFolder, log: () => {} });
  await sql(`create tablespace small location '${disk}'`);
  for (const table of options.tables) await sql(`alter table ${table} set tablespace small`);

  // The disk as the server sees it.
  const filler = path.join(`/proc/${server.pid}/root`, disk, "filler");
  return {
    url,
    async fill() {
      const block = Buffer.alloc(4_096);
      const file = await open(filler, "w");
      try {
        for (;;) await file.write(block);
      } catch (error) {
        if (codeOf(error) !== "ENOSPC") throw error;
      } finally {
        await file.close();
      }
    },
    free: () => rm(filler),
    drop,
  };
}

function spawnApart({ disk, dataDir, megabytes }: { disk: string; dataDir: string; megabytes: number }): ChildProcess {
  const script = path.join(import.meta.dirname, "hold-postgres.ts");
  const command = 'mount -t tmpfs -o "size=$1m" tmpfs "$2" && exec "$3" "$4" "$5" die-with-parent';
  const args = ["small-disk", String(megabytes), disk, process.execPath, script, dataDir];
  const apart = "unshare";
  return spawn(apart, ["-Urm", "sh", "-c", command, ...args], { stdio: ["ignore", "pipe", "ignore"] });
}
