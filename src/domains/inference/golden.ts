import type { GoldenSample, Manifest } from "../models/manifest.ts";
import { type Row, type TensorData, type TensorShape, viewOf } from "./tensor.ts";

/** A golden sample, ready to be run and compared. */
export interface GoldenRow {
  row: Row;
  expected: Row;
}

type Encoded = GoldenSample["tensors"][string];

/** The golden samples of a version. Throws with a reason where they do not fit its own signature. */
export function goldenRows(manifest: Manifest): GoldenRow[] {
  const { inputs, outputs } = manifest.signature;
  return manifest.golden.samples.map((sample, i) => ({
    row: inputs.map((spec) => decode(sample.tensors[spec.name], `golden.samples[${i}].tensors.${spec.name}`)),
    expected: outputs.map((spec) => decode(sample.outputs[spec.name], `golden.samples[${i}].outputs.${spec.name}`)),
  }));
}

function decode(encoded: Encoded | undefined, place: string): TensorData {
  if (encoded === undefined) throw new Error(`${place} is missing`);
  const { dtype, shape, data } = encoded;
  if (shape[0] !== 1) throw new Error(`${place} has ${shape[0] ?? "no"} rows; a sample is one`);
  // Copied: a view needs its bytes at a multiple of its element's size.
  const bytes = new Uint8Array(Buffer.from(data, "base64"));
  const wanted: TensorShape = { dtype, dims: shape };
  try {
    const view = viewOf(wanted, bytes.buffer, 0);
    if (view.byteLength === bytes.length) return view;
  } catch {
    // Fewer bytes than the shape needs: the same mistake.
  }
  throw new Error(`${place} has ${bytes.length} bytes, which is not its shape [${shape.join(", ")}] of ${dtype}`);
}

/**
 * Where an answer differs from the expected one by more than the tolerance, in words; undefined if nowhere.
 *
 * @param leastTolerance allowed even where the manifest allows less.
 */
export function differenceBetween(
  actual: Row,
  expected: Row,
  { signature, golden }: Manifest,
  leastTolerance = 0,
): string | undefined {
  const tolerance = Math.max(golden.tolerance, leastTolerance);
  for (const [i, { name }] of signature.outputs.entries()) {
    const [got = nothing, wanted = nothing] = [actual[i], expected[i]];
    if (got.length !== wanted.length) return `output "${name}" has ${got.length} values; ${wanted.length} are expected`;
    const at = firstDifference(got, wanted, tolerance);
    if (at === undefined) continue;
    return `output "${name}" is ${got[at]} at place ${at}; ${wanted[at]} is expected, give or take ${tolerance}`;
  }
  return undefined;
}

const nothing = new Uint8Array();

function firstDifference(got: TensorData, wanted: TensorData, tolerance: number): number | undefined {
  for (let at = 0; at < wanted.length; at++) {
    // Not "greater than": NaN must not pass.
    const isClose = Math.abs(Number(got[at]) - Number(wanted[at])) <= tolerance;
    if (!isClose) return at;
  }
  return undefined;
}

/** Whether two answers are the same to the last bit. */
export function isSame(a: Row, b: Row): boolean {
  return a.length === b.length && a.every((data, i) => Buffer.compare(bytesOf(data), bytesOf(b[i])) === 0);
}

function bytesOf(data: TensorData | undefined): Uint8Array {
  return data === undefined ? new Uint8Array() : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
