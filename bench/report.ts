import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import os from "node:os";
import { promisify } from "node:util";
import type { Row } from "./measure/rows.ts";
import { resultsFile, root } from "./paths.ts";

const run = promisify(execFile);

const verdicts: Record<string, string> = { true: "yes", false: "NO" };
const columns = ["", "value", "unit", "baseline", "ratio", "aim", "holds"];

/** The rows as a table for a terminal. */
export function tableOf(rows: Row[]): string {
  const cells = rows.map((row) => [
    row.name,
    row.value.toLocaleString("en"),
    row.unit,
    row.baseline?.toLocaleString("en") ?? "",
    row.ratio?.toFixed(2) ?? "",
    row.aim ?? "",
    verdicts[String(row.holds)] ?? "",
  ]);
  const widths = columns.map((title, i) => Math.max(title.length, ...cells.map((line) => line[i]?.length ?? 0)));
  const isNumber = (i: number) => i === 1 || i === 3 || i === 4;
  const lineOf = (line: string[]) =>
    line.map((cell, i) => (isNumber(i) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0))).join("  ");
  return [columns, ...cells].map((line) => lineOf(line).trimEnd()).join("\n");
}

/** Writes what the next reader compares with. Nothing in it names this machine or its folders. */
export async function writeResults(rows: Row[], fastapi: string | undefined): Promise<void> {
  const results = { commit: await commit(), machine: machine(fastapi), at: new Date().toISOString(), rows };
  await writeFile(resultsFile, `${JSON.stringify(results, undefined, 2)}\n`);
}

export function machine(fastapi: string | undefined): Record<string, string | number> {
  const [cpu] = os.cpus();
  return {
    cpu: cpu?.model ?? "unknown",
    cores: os.availableParallelism(),
    memoryGb: Math.round(os.totalmem() / 1024 ** 3),
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    fastapi: fastapi ?? "not there",
  };
}

async function commit(): Promise<string> {
  try {
    const { stdout: name } = await run("git", ["rev-parse", "--short", "HEAD"], { cwd: root });
    const { stdout: changes } = await run("git", ["--no-optional-locks", "status", "--porcelain"], { cwd: root });
    return `${name.trim()}${changes.trim() === "" ? "" : "-dirty"}`;
  } catch {
    return "unknown";
  }
}
