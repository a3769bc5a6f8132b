import { once } from "node:events";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { messageOf } from "../../core/errors.ts";
import type { ScanOutcome } from "./onnx-scan.ts";

const timeLimitMs = 20_000;
const heapLimitMb = 512;

/** Scans a file in a thread of its own, within bounds of time and memory. The bytes are the caller's no more. */
export async function scanApart(file: Uint8Array<ArrayBuffer>): Promise<ScanOutcome> {
  const worker = new Worker(entry(), {
    workerData: file,
    transferList: [file.buffer],
    resourceLimits: { maxOldGenerationSizeMb: heapLimitMb },
  });
  try {
    const [outcome]: ScanOutcome[] = await once(worker, "message", { signal: AbortSignal.timeout(timeLimitMs) });
    if (outcome === undefined) throw new Error("the scan answered nothing");
    return outcome;
  } catch (error) {
    const within = `within ${timeLimitMs / 1000} s and ${heapLimitMb} MB`;
    return { kind: "REFUSED", problems: [`the file could not be read ${within} (${messageOf(error)})`] };
  } finally {
    await worker.terminate();
  }
}

/** The thread's program lies beside this file: compiled, or as the source that Node reads by itself. */
function entry(): string {
  return fileURLToPath(new URL(`scan-worker${path.extname(import.meta.url)}`, import.meta.url));
}
