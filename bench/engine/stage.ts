import { readFile } from "node:fs/promises";
import path from "node:path";
import {
  type Engine,
  type EngineOptions,
  type LoadableVersion,
  type Row,
  startEngine,
} from "../../src/domains/inference/engine.ts";
import { goldenRows } from "../../src/domains/inference/golden.ts";
import { parseManifest } from "../../src/domains/models/manifest.ts";
import { createLogger } from "../../src/platform/logger.ts";
import { modelsDir } from "../paths.ts";

/** How long each load is put on the engine. */
export interface EnginePace {
  loadMs: number;
  rounds: number;
}

export const fullPace: EnginePace = { loadMs: 3_000, rounds: 3 };
export const quickPace: EnginePace = { loadMs: 1_000, rounds: 1 };

/** The engine alone, as the gateway has it on two cores: one runner and a spare. */
export async function startStage(versions: LoadableVersion[], options: Partial<EngineOptions> = {}): Promise<Engine> {
  const engine = await startEngine({
    runners: 1,
    spares: 1,
    maxGuestRunners: 1,
    memoryLimitMb: 4_096,
    graceMs: 1_000,
    maxQueuedInputs: 16_384,
    maxQueuedInputsPerVersion: 16_384,
    maxQueuedInputsPerTenant: 8_192,
    maxBytesInFlight: 512 * 1024 * 1024,
    provider: "CPU_ONLY",
    logger: createLogger("error"),
    ...options,
  });
  for (const version of versions) await engine.load(version);
  return engine;
}

export async function bundled(name: "digits" | "mail"): Promise<LoadableVersion> {
  const folder = path.join(modelsDir, name, "1");
  const parsed = parseManifest(JSON.parse(await readFile(path.join(folder, "manifest.json"), "utf8")));
  if ("problem" in parsed) throw new Error(parsed.problem);
  const readModel = () => readFile(path.join(folder, "model.onnx"));
  return { id: name, manifest: parsed.manifest, ownerTenantId: undefined, readModel };
}

/** Real inputs: the version's own golden samples. */
export function rowsOf(version: LoadableVersion): Row[] {
  return goldenRows(version.manifest).map(({ row }) => row);
}

/** Callers who each send the next request as soon as they have the last answer, until the time is over. */
export async function callers(count: number, untilAt: number, ask: (caller: number) => Promise<void>): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, async (_, caller) => {
      while (performance.now() < untilAt) await ask(caller);
    }),
  );
}

export function quantile(values: number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
