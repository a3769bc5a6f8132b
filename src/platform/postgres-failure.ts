import { StartError } from "./start-error.ts";

/** What initdb or postgres printed before it gave up, as one sentence that says what to do. */
export function explainServerFailure(program: string, output: string, cause?: unknown): StartError {
  return new StartError(`${program} failed: ${sentence(output)}`, { cause });
}

function sentence(output: string): string {
  if (/No space left on device|Disk quota exceeded/.test(output)) {
    return "the disk that holds DATA_DIR is full; free some space or choose another DATA_DIR.";
  }
  if (/Permission denied|Read-only file system|Operation not permitted/.test(output)) {
    return `DATA_DIR cannot be written (${reason(output)}); repair its permissions or choose another DATA_DIR.`;
  }
  if (/database files are incompatible/.test(output)) {
    return "DATA_DIR was written by another version of Postgres; go back to the Tollgate that wrote it, dump, and restore.";
  }
  return `${reason(output)}; repair that, or set DATABASE_URL to a Postgres of your own.`;
}

function reason(output: string): string {
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  const told = lines.findLast((line) => /\b(FATAL|PANIC|error|could not)\b/.test(line)) ?? lines.at(-1);
  return told?.replace(/^.*\b(FATAL|PANIC|error): +/, "").trim() ?? "it said nothing";
}
