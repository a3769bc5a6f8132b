import type { Dtype } from "../models/manifest.ts";

/** The values of a tensor, row by row. */
export type TensorData = Float32Array | BigInt64Array | Int32Array | Uint8Array;

/** One input, ready for the graph: for each input of the signature, in its order, this row's values without the batch dimension. */
export type Row = readonly TensorData[];

export interface TensorShape {
  dtype: Dtype;
  dims: readonly number[];
}

export interface Tensor extends TensorShape {
  data: TensorData;
}

const bytesPerElement = { float32: 4, int64: 8, int32: 4, uint8: 1 } as const satisfies Record<Dtype, number>;

function elementCount(dims: readonly number[]): number {
  let count = 1;
  for (const dim of dims) count *= dim;
  return count;
}

export function byteLengthOf(shape: TensorShape): number {
  return elementCount(shape.dims) * bytesPerElement[shape.dtype];
}

/** A view on bytes that lie in a buffer; nothing is copied. The offset must be a multiple of the element's size. */
export function viewOf(shape: TensorShape, buffer: ArrayBufferLike, byteOffset: number): TensorData {
  const count = elementCount(shape.dims);
  switch (shape.dtype) {
    case "float32":
      return new Float32Array(buffer, byteOffset, count);
    case "int64":
      return new BigInt64Array(buffer, byteOffset, count);
    case "int32":
      return new Int32Array(buffer, byteOffset, count);
    case "uint8":
      return new Uint8Array(buffer, byteOffset, count);
  }
}

export function dtypeOf(data: TensorData): Dtype {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof BigInt64Array) return "int64";
  return data instanceof Int32Array ? "int32" : "uint8";
}

/** Copies a row's values into a batch. Both must be of one type. */
export function copyInto(target: TensorData, source: TensorData, at: number): void {
  if (target instanceof Float32Array && source instanceof Float32Array) target.set(source, at);
  else if (target instanceof BigInt64Array && source instanceof BigInt64Array) target.set(source, at);
  else if (target instanceof Int32Array && source instanceof Int32Array) target.set(source, at);
  else if (target instanceof Uint8Array && source instanceof Uint8Array) target.set(source, at);
  else throw new TypeError(`A row of ${dtypeOf(source)} does not fit a tensor of ${dtypeOf(target)}.`);
}

export function fillWith(target: TensorData, value: number, from: number, to: number): void {
  if (target instanceof BigInt64Array) target.fill(BigInt(value), from, to);
  else target.fill(value, from, to);
}

/** False for NaN and infinities, which no number in an answer can say. */
export function isAllFinite(data: TensorData): boolean {
  if (!(data instanceof Float32Array)) return true;
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) return false;
  return true;
}
