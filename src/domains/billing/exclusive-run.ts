import type { Database } from "../../platform/database.ts";

/** Names the run that issues invoices among the advisory locks of the database. */
const lock = 72_707_380;

/**
 * Does the work if no other process on this database is at it; undefined if one is. The lock is the session's, so a
 * process that is killed lets go of it.
 */
export async function exclusively<T>(database: Database, work: () => Promise<T>): Promise<T | undefined> {
  const connection = database.dedicatedConnection();
  await connection.connect();
  // A connection that breaks meanwhile has lost the lock, and nothing else: what it guards bears two at once.
  connection.on("error", () => undefined);
  try {
    const { rows } = await connection.query<{ locked: boolean }>("select pg_try_advisory_lock($1) as locked", [lock]);
    return rows[0]?.locked === true ? await work() : undefined;
  } finally {
    await connection.end().catch(() => undefined);
  }
}
