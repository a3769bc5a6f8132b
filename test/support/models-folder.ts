import { createHash } from "node:crypto";
import { copyFile, mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { inject } from "vitest";

/** A manifest as far as a test cares; the rest is filled in. */
export interface TestManifest {
  name: string;
  task: string;
  inputs: { name: string; dtype: string; shape: (number | string)[]; range?: [number, number] }[];
  outputs: { name: string; dtype: string; shape: (number | string)[] }[];
  /** For each input and output by its name, its numbers and its shape for one row. */
  golden: Record<string, [Float32Array | BigInt64Array, number[]]>;
  rest: Record<string, unknown>;
}

/** A folder of models as a gateway reads it at its start, of the graphs in `test/support/models`. */
export async function modelsFolder(manifests: readonly TestManifest[]): Promise<string> {
  const folder = await mkdtemp(path.join(inject("scratchDirectory"), "models-"));
  for (const manifest of manifests) {
    const file = path.join(import.meta.dirname, "models", `${manifest.name}.onnx`);
    const place = path.join(folder, manifest.name, "1");
    await mkdir(place, { recursive: true });
    await copyFile(file, path.join(place, "model.onnx"));
    const sha256 = createHash("sha256")
      .update(await readFile(file))
      .digest("hex");
    await writeFile(path.join(place, "manifest.json"), JSON.stringify(completed(manifest, sha256)));
  }
  return folder;
}

/** The whole manifest, with that digest of its model. */
export function completed(manifest: TestManifest, sha256 = "0".repeat(64)): Record<string, unknown> {
  const { name, task, inputs, outputs, golden, rest } = manifest;
  const encoded = (specs: { name: string; dtype: string }[]) =>
    Object.fromEntries(
      specs.map(({ name: of, dtype }) => {
        const [data, shape] = golden[of] ?? [new Float32Array(), []];
        return [of, { dtype, shape, data: Buffer.from(data.buffer).toString("base64") }];
      }),
    );
  return {
    manifestVersion: 1,
    name,
    version: 1,
    task,
    description: "A model of the tests.",
    sha256,
    signature: { inputs, outputs },
    batching: { maxInputs: 64, padding: "NONE" },
    golden: { tolerance: 1e-6, samples: [{ tensors: encoded(inputs), outputs: encoded(outputs) }] },
    ...rest,
  };
}

function numbers(name: string, x: number[], y: number): TestManifest {
  return {
    name,
    task: "TENSOR",
    inputs: [{ name: "x", dtype: "float32", shape: ["batch", x.length] }],
    outputs: [{ name: "y", dtype: "float32", shape: ["batch"] }],
    golden: { x: [Float32Array.from(x), [1, x.length]], y: [Float32Array.of(y), [1]] },
    rest: { output: { tensor: "y", semantics: "VALUES" } },
  };
}

/** Their graphs are told in `models/make.py`. */
export const weighted = numbers("weighted", [1, 2, 3, 4, 5, 6], -1.75);
export const together = numbers("together", [1, 2, 0, 4, 5, 6], 2);

export const logarithm: TestManifest = {
  name: "logarithm",
  task: "TENSOR",
  inputs: [{ name: "x", dtype: "float32", shape: ["batch"] }],
  outputs: [{ name: "log", dtype: "float32", shape: ["batch"] }],
  golden: { x: [Float32Array.of(1), [1]], log: [Float32Array.of(0), [1]] },
  rest: { output: { tensor: "log", semantics: "VALUES" } },
};

/** Reads the words `one`, `two` and `three` as the ids 2, 3 and 4; all other words are 1. */
export const tokenScores: TestManifest = {
  name: "token-scores",
  task: "TOKEN_CLASSIFICATION",
  inputs: [
    { name: "token_ids", dtype: "int64", shape: ["batch", "sequence"], range: [0, 4] },
    { name: "lengths", dtype: "int64", shape: ["batch"], range: [1, 8] },
  ],
  outputs: [
    { name: "logits", dtype: "float32", shape: ["batch", "sequence", 2] },
    { name: "weights", dtype: "float32", shape: ["batch", "sequence"] },
  ],
  golden: {
    token_ids: [BigInt64Array.of(2n, 3n), [1, 2]],
    lengths: [BigInt64Array.of(2n), [1]],
    logits: [Float32Array.of(2, 0, 0, 3), [1, 2, 2]],
    weights: [Float32Array.of(0.4, 0.6), [1, 2]],
  },
  rest: {
    preprocessing: {
      kind: "text",
      recipe: 1,
      lowercase: true,
      pattern: "[a-z]+|[0-9]",
      maxTokens: 8,
      unknownId: 1,
      paddingId: 0,
      tensor: "token_ids",
      lengths: "lengths",
      vocabulary: { firstId: 2, words: ["one", "two", "three"] },
    },
    output: { tensor: "logits", semantics: "LOGITS" },
    attention: { tensor: "weights" },
    labels: ["left", "right"],
    batching: { maxInputs: 64, padding: "LENGTHS" },
  },
};
