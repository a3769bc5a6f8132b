import { dtypeOf, type TensorData } from "./tensor.ts";

/** Numbers as callers send and get them: little-endian bytes, as base64. */
export interface EncodedTensor {
  dtype: string;
  shape: number[];
  data: string;
}

export function encodeTensor(data: TensorData, shape: number[]): EncodedTensor {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return { dtype: dtypeOf(data), shape, data: bytes.toString("base64") };
}
