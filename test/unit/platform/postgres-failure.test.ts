import { expect, test } from "vitest";
import { explainServerFailure } from "../../../src/platform/postgres-failure.ts";

test.each([
  [
    "a full disk",
    'initdb: error: could not write to file "x/pg_wal/xlogtemp.1": No space left on device\ninitdb: removing contents of x',
    "initdb failed: the disk that holds DATA_DIR is full; free some space or choose another DATA_DIR.",
  ],
  [
    "a quota",
    'PANIC:  could not write to file "pg_wal/xlogtemp.1": Disk quota exceeded',
    "initdb failed: the disk that holds DATA_DIR is full; free some space or choose another DATA_DIR.",
  ],
  [
    "a read-only disk",
    '2026-11-23 16:00:00 UTC [7] FATAL:  could not create lock file "postmaster.pid": Read-only file system',
    'initdb failed: DATA_DIR cannot be written (could not create lock file "postmaster.pid": Read-only file system); ' +
      "repair its permissions or choose another DATA_DIR.",
  ],
  [
    "another version's data",
    "FATAL:  database files are incompatible with server\nDETAIL:  The data directory was initialized by version 17",
    "initdb failed: DATA_DIR was written by another version of Postgres; go back to the Tollgate that wrote it, dump, and restore.",
  ],
  [
    "anything else by its last complaint",
    "LOG:  starting\nFATAL:  could not map anonymous shared memory: Cannot allocate memory\nLOG:  database system is shut down\n",
    "initdb failed: could not map anonymous shared memory: Cannot allocate memory; repair that, or set DATABASE_URL to a " +
      "Postgres of your own.",
  ],
  ["silence", "\n", "initdb failed: it said nothing; repair that, or set DATABASE_URL to a Postgres of your own."],
])("%s is told in one sentence that says what to do", (_, output, expected) => {
  expect(explainServerFailure("initdb", output).message).toBe(expected);
});
