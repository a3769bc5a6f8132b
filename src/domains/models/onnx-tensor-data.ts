import type { OnnxTensor } from "./onnx-model.ts";
import { bytesOf, countVarints, type Field, intsOf } from "./protobuf.ts";

/** The longest list of whole numbers that is kept: shapes are shorter, and of nothing else do the numbers matter here. */
export const longestValues = 64;

/** Counts what a data field of a tensor holds, be it packed or element by element. */
export function addData(tensor: OnnxTensor, field: Field): void {
  switch (field.number) {
    case 9:
      addRaw(tensor, bytesOf(field));
      return;
    case 4: // float_data
      tensor.elements += field.kind === "BYTES" ? field.bytes.length / 4 : 1;
      return;
    case 10: // double_data
      tensor.elements += field.kind === "BYTES" ? field.bytes.length / 8 : 1;
      return;
    case 6: // string_data
      tensor.elements += 1;
      return;
    case 7: // int64_data
      if (tensor.elements < longestValues) tensor.values = [...(tensor.values ?? []), ...intsOf(field, longestValues)];
      addVarints(tensor, field);
      return;
    default: // int32_data, uint64_data
      addVarints(tensor, field);
  }
}

function addVarints(tensor: OnnxTensor, field: Field): void {
  tensor.elements += field.kind === "BYTES" ? countVarints(field.bytes) : 1;
}

function addRaw(tensor: OnnxTensor, raw: Uint8Array): void {
  tensor.rawBytes = raw.length;
  if (raw.length > longestValues * 8 || raw.length % 8 > 0) return;
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  tensor.values = Array.from({ length: raw.length / 8 }, (_, i) => Number(view.getBigInt64(i * 8, true)));
}
