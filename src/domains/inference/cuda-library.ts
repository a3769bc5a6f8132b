import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type { ProviderPreference } from "./provider.ts";

const fileName = "libonnxruntime_providers_cuda.so";

/** Where ONNX Runtime looks for its CUDA library, and whether it is there. It comes with no npm package: docs/gpu.md. */
export function cudaLibrary(): { file: string; isThere: boolean } {
  const main = createRequire(import.meta.url).resolve("onnxruntime-node");
  const file = path.join(main, "..", "..", "bin", "napi-v6", process.platform, process.arch, fileName);
  return { file, isThere: existsSync(file) };
}

/** What versions run on where the operator did not say: on CUDA if its library was put there, and else never try. */
export function defaultPreference(): ProviderPreference {
  return cudaLibrary().isThere ? "PREFER_CUDA" : "CPU_ONLY";
}
