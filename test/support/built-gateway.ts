import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

/**
 * Builds before any test starts a gateway: two that found the build stale at once would each remove what the other is
 * running on, and a start that builds tells nothing of how long a start takes.
 */
export async function setup(): Promise<void> {
  await promisify(execFile)(process.execPath, [path.resolve(import.meta.dirname, "../../scripts/build.mjs")]);
}
