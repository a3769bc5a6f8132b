import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { readEnvironment } from "../../src/platform/config.ts";
import type { Closer } from "../closers.ts";
import type { Row } from "../measure/rows.ts";

/** What is measured of the engine alone, without a gateway around it. */
export const engineMeasurements = [
  "batching: digits",
  "batching: mail",
  "noisy neighbour",
  "overload",
  "takeover",
  "memory of a runner after loads",
];

const rowShape = z.object({
  name: z.string(),
  value: z.number(),
  unit: z.string(),
  baseline: z.number().nullable(),
  ratio: z.number().nullable(),
  aim: z.string().nullable(),
  holds: z.boolean().nullable(),
});

/** Measures these in a process of their own. Throws where it breaks. */
export async function engineRows(
  names: string[],
  { isQuick, onRow }: { isQuick: boolean; onRow: (row: Row) => void },
  closers: Closer[],
): Promise<Row[]> {
  const entry = fileURLToPath(new URL("./engine-process.ts", import.meta.url));
  const child = spawn(process.execPath, [entry, isQuick ? "quick" : "full", ...names], {
    env: { ...readEnvironment(), ORT_DISABLE_TELEMETRY: "1" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  closers.push(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    await ended;
  });
  const rows: Row[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const row = rowShape.parse(JSON.parse(line));
    rows.push(row);
    onRow(row);
  }
  const [code] = await ended;
  if (code !== 0) throw new Error(`measuring the engine ended with ${code}`);
  return rows;
}
