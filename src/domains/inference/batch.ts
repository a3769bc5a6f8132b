import type { InputLayout, RowLayout } from "./row-layout.ts";
import { copyInto, fillWith, type Row, type Tensor, type TensorData } from "./tensor.ts";

/** Lays rows into the tensors of a batch, one after another, each padded to the width of the widest. */
export function packRows(rows: readonly Row[], layout: RowLayout, tensors: readonly TensorData[]): void {
  for (const [i, input] of layout.inputs.entries()) {
    const tensor = tensors[i];
    if (tensor !== undefined) packInput(rows, i, input, tensor);
  }
}

function packInput(rows: readonly Row[], place: number, input: InputLayout, tensor: TensorData): void {
  const stride = tensor.length / rows.length;
  let at = 0;
  for (const row of rows) {
    const values = row[place];
    if (values === undefined) throw new Error("A row lacks a tensor of its version.");
    copyInto(tensor, values, at);
    if (values.length < stride) fillWith(tensor, input.paddingValue, at + values.length, at + stride);
    at += stride;
  }
}

/**
 * The answers to the rows of a batch; views, nothing is copied, and nothing that answers padding. Throws where a tensor is
 * not one answer per row.
 */
export function unpackRows(outputs: readonly Tensor[], asked: readonly Row[], layout: RowLayout): Row[] {
  const count = asked.length;
  for (const [i, { dims }] of outputs.entries()) {
    if (dims[0] !== count) throw new Error(`Output ${i} has ${dims[0] ?? "no"} rows for a batch of ${count}.`);
  }
  return asked.map((row, at) =>
    outputs.map(({ data }, output) => {
      const stride = data.length / count;
      return data.subarray(at * stride, at * stride + layout.ownLengthOf(row, output, stride));
    }),
  );
}

/** Both halves of a batch that failed as a whole: asked again, the half without the bad row succeeds. */
export function halvesOf<T>(batch: readonly T[]): [T[], T[]] {
  const middle = Math.ceil(batch.length / 2);
  return [batch.slice(0, middle), batch.slice(middle)];
}
