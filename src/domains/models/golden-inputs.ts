import { hash } from "node:crypto";
import type { GoldenSample, Manifest, TensorSpec } from "./manifest.ts";

/** The numbers of one tensor of one input. */
export type Numbers = Float32Array | BigInt64Array | Int32Array | Uint8Array;

const samples = 4;
/** Of the dimension that varies, one for each sample. */
const lengths = [1, 3, 8, 13];

/**
 * Inputs for golden samples that nobody gave: within the ranges of the signature, of different lengths where they vary,
 * and the same ones for the same file. What a version answers to them on the processor is recorded at its registration,
 * so that every later load, on whatever machine, can be compared.
 */
export function madeUpInputs(manifest: Manifest): Numbers[][] {
  const draw = randomFrom(manifest.sha256);
  const recipe = manifest.preprocessing;
  return Array.from({ length: samples }, (_, i) => {
    const length = lengths[i] ?? 1;
    return manifest.signature.inputs.map((spec) => {
      if (recipe?.kind === "text" && "lengths" in recipe && spec.name === recipe.lengths)
        return numbersOf(spec.dtype, [length]);
      const size = spec.shape
        .slice(1)
        .reduce<number>((product, dim) => product * (typeof dim === "number" ? dim : length), 1);
      return numbersOf(
        spec.dtype,
        Array.from({ length: size }, () => valueFor(spec, draw())),
      );
    });
  });
}

/** The samples as a manifest holds them. */
export function recordedSamples(manifest: Manifest, inputs: Numbers[][], outputs: Numbers[][]): Manifest["golden"] {
  const { signature } = manifest;
  const made = inputs.map((tensors, i): GoldenSample => {
    const length = lengths[i] ?? 1;
    const shapeOf = (spec: TensorSpec) => [
      1,
      ...spec.shape.slice(1).map((dim) => (typeof dim === "number" ? dim : length)),
    ];
    return {
      tensors: encoded(signature.inputs, tensors, shapeOf),
      outputs: encoded(signature.outputs, outputs[i] ?? [], (_, numbers) => [1, numbers.length]),
    };
  });
  // Another processor adds up in another order: what differs is the last places, whatever the size of the numbers.
  const largest = Math.max(1, ...outputs.flat().map((numbers) => largestOf(numbers)));
  return { tolerance: largest * 1e-4, samples: made };
}

function encoded(
  specs: readonly TensorSpec[],
  tensors: readonly Numbers[],
  shapeOf: (spec: TensorSpec, numbers: Numbers) => number[],
): GoldenSample["tensors"] {
  return Object.fromEntries(
    specs.map((spec, i) => {
      const numbers = tensors[i] ?? new Float32Array();
      const data = Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength).toString("base64");
      return [spec.name, { dtype: spec.dtype, shape: shapeOf(spec, numbers), data }];
    }),
  );
}

function valueFor({ dtype, range }: TensorSpec, draw: number): number {
  // Without a range, whole numbers may be places in a table of any length: 0 and 1 are in most.
  const [low, high] = range ?? (dtype === "uint8" ? [0, 255] : [0, 1]);
  return dtype === "float32" ? low + draw * (high - low) : low + Math.floor(draw * (high - low + 1));
}

function numbersOf(dtype: TensorSpec["dtype"], values: number[]): Numbers {
  switch (dtype) {
    case "float32":
      return Float32Array.from(values);
    case "int64":
      return BigInt64Array.from(values, BigInt);
    case "int32":
      return Int32Array.from(values);
    case "uint8":
      return Uint8Array.from(values);
  }
}

function largestOf(numbers: Numbers): number {
  let largest = 0;
  for (const value of numbers) largest = Math.max(largest, Math.abs(Number(value)));
  return Number.isFinite(largest) ? largest : 0;
}

/** Numbers from 0 to below 1 that follow from the seed alone: the hash of the seed and a counter. */
function randomFrom(seed: string): () => number {
  let bytes = Buffer.alloc(0);
  let at = 0;
  let block = 0;
  return () => {
    if (at + 4 > bytes.length) {
      bytes = Buffer.from(hash("sha512", `${seed} ${block++}`, "buffer"));
      at = 0;
    }
    at += 4;
    return bytes.readUInt32BE(at - 4) / 2 ** 32;
  };
}
