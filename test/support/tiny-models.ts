import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import type { LoadableVersion } from "../../src/domains/inference/engine.ts";
import { goldenRows } from "../../src/domains/inference/golden.ts";
import type { Row, TensorData } from "../../src/domains/inference/tensor.ts";
import { type Dtype, type Manifest, parseManifest } from "../../src/domains/models/manifest.ts";

const root = path.resolve(import.meta.dirname, "../..");

/** A version as it is shipped; its id is its name. */
export async function bundledModel(name: "digits" | "mail" | "mail-attention" | "tags"): Promise<LoadableVersion> {
  const versions = await readdir(path.join(root, "models", name));
  const folder = path.join(root, "models", name, String(Math.max(...versions.map(Number))));
  const [manifest, model] = await Promise.all([
    readFile(path.join(folder, "manifest.json"), "utf8"),
    readFile(path.join(folder, "model.onnx")),
  ]);
  return {
    id: name,
    manifest: parsed(JSON.parse(manifest)),
    ownerTenantId: undefined,
    readModel: () => Promise.resolve(model),
  };
}

export function samplesOf(version: LoadableVersion): Row[] {
  return goldenRows(version.manifest).map(({ row }) => row);
}

/** The same version with another id, and what else is changed. */
export function variantOf(version: LoadableVersion, change: Partial<LoadableVersion>): LoadableVersion {
  return { ...version, ...change };
}

/** A version whose file takes so many megabytes more: in a field of its protobuf that nobody knows. */
export function heavy(version: LoadableVersion, megabytes: number): LoadableVersion {
  const bytes = megabytes * 1024 * 1024;
  // Field 1000, bytes; then their number.
  const head = Buffer.from([...varint(1000 * 8 + 2), ...varint(bytes)]);
  return {
    ...version,
    readModel: async () => Buffer.concat([await version.readModel(), head, Buffer.alloc(bytes)]),
  };
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}

interface TinyModel {
  input: { name: string; dtype: Dtype; shape: (number | string)[] };
  output: { name: string; dtype: Dtype };
  golden: [TensorData, TensorData];
}

/** The models of test/support/models, with a sample that each of them answers well. */
const tinyModels = {
  loop: int64s("turns", "turned", [3n, 3n]),
  lookup: {
    input: { name: "index", dtype: "int64", shape: ["batch"] },
    output: { name: "value", dtype: "float32" },
    golden: [BigInt64Array.of(3n), Float32Array.of(9)],
  },
  hungry: {
    input: { name: "numbers", dtype: "int64", shape: ["batch"] },
    output: { name: "seen", dtype: "float32" },
    golden: [BigInt64Array.of(1n), Float32Array.of(1)],
  },
  logarithm: floats("x", "log", [1, 0]),
  relative: floats("x", "below", [2, 0]),
  merged: floats("x", "largest", [2, 2]),
  sum: {
    input: { name: "x", dtype: "float32", shape: ["batch", "length"] },
    output: { name: "sum", dtype: "float32" },
    golden: [Float32Array.of(1, 2), Float32Array.of(3)],
  },
} as const satisfies Record<string, TinyModel>;

/** A tiny model, its id its name. Its golden sample can be given twice, to be run as a batch when it is loaded. */
export function tinyModel(
  name: keyof typeof tinyModels,
  options: { samples?: number; maxInputs?: number } = {},
): LoadableVersion {
  const { input, output, golden }: TinyModel = tinyModels[name];
  const [given, expected] = golden;
  const shape = input.shape.length === 1 ? [1] : [1, given.length];
  const sample = {
    tensors: { [input.name]: { dtype: input.dtype, shape, data: base64(given) } },
    outputs: { [output.name]: { dtype: output.dtype, shape: [1], data: base64(expected) } },
  };
  const manifest = parsed({
    manifestVersion: 1,
    name,
    version: 1,
    task: "TENSOR",
    description: "A model of the tests.",
    sha256: "0".repeat(64),
    signature: { inputs: [input], outputs: [{ ...output, shape: ["batch"] }] },
    output: { tensor: output.name, semantics: "LOGITS" },
    labels: ["one"],
    batching: { maxInputs: options.maxInputs ?? 64, padding: "NONE" },
    golden: { tolerance: 0, samples: Array.from({ length: options.samples ?? 2 }, () => sample) },
  });
  const file = path.join(import.meta.dirname, "models", `${name}.onnx`);
  return { id: name, manifest, ownerTenantId: undefined, readModel: () => readFile(file) };
}

function int64s(input: string, output: string, [given, expected]: [bigint, bigint]): TinyModel {
  return {
    input: { name: input, dtype: "int64", shape: ["batch"] },
    output: { name: output, dtype: "int64" },
    golden: [BigInt64Array.of(given), BigInt64Array.of(expected)],
  };
}

function floats(input: string, output: string, [given, expected]: [number, number]): TinyModel {
  return {
    input: { name: input, dtype: "float32", shape: ["batch"] },
    output: { name: output, dtype: "float32" },
    golden: [Float32Array.of(given), Float32Array.of(expected)],
  };
}

function base64(data: TensorData): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64");
}

function parsed(json: unknown): Manifest {
  const outcome = parseManifest(json);
  if ("problem" in outcome) throw new Error(outcome.problem);
  return outcome.manifest;
}

/** Says that it takes lengths, and answers rows otherwise when they are padded. */
export function deceivedByPadding(): LoadableVersion {
  const ids = { dtype: "int64", shape: [1, 2], data: base64(BigInt64Array.of(1n, 2n)) };
  const lengths = { dtype: "int64", shape: [1], data: base64(BigInt64Array.of(2n)) };
  const manifest = parsed({
    manifestVersion: 1,
    name: "mean",
    version: 1,
    task: "TEXT_CLASSIFICATION",
    description: "A model of the tests.",
    sha256: "0".repeat(64),
    signature: {
      inputs: [
        { name: "ids", dtype: "int64", shape: ["batch", "length"] },
        { name: "lengths", dtype: "int64", shape: ["batch"] },
      ],
      outputs: [{ name: "mean", dtype: "float32", shape: ["batch"] }],
    },
    preprocessing: {
      kind: "text",
      recipe: 1,
      lowercase: true,
      pattern: "[a-z]+",
      maxTokens: 8,
      unknownId: 1,
      paddingId: 0,
      tensor: "ids",
      lengths: "lengths",
      vocabulary: { firstId: 2, words: ["word"] },
    },
    output: { tensor: "mean", semantics: "LOGITS" },
    labels: ["one"],
    batching: { maxInputs: 64, padding: "LENGTHS" },
    golden: {
      tolerance: 0,
      samples: [
        {
          tensors: { ids, lengths },
          outputs: { mean: { dtype: "float32", shape: [1], data: base64(Float32Array.of(1.5)) } },
        },
      ],
    },
  });
  return {
    id: "mean",
    manifest,
    ownerTenantId: undefined,
    readModel: () => readFile(path.join(import.meta.dirname, "models", "mean.onnx")),
  };
}
