import type { Database } from "../../platform/database.ts";

/**
 * Does the work if no other process on this database is at it; says whether it did. The lock is the session's, so one that
 * is killed lets go of it.
 */
export async function exclusively(database: Database, lock: number, work: () => Promise<void>): Promise<boolean> {
  const connection = database.dedicatedConnection();
  await connection.connect();
  // A connection that breaks meanwhile has lost the lock, and nothing else: what it guards bears two at once.
  connection.on("error", () => undefined);
  try {
    const { rows } = await connection.query<{ locked: boolean }>("select pg_try_advisory_lock($1) as locked", [lock]);
    if (rows[0]?.locked !== true) return false;
    await work();
    return true;
  } finally {
    await connection.end().catch(() => undefined);
  }
}
