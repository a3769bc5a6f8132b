import { TollgateError } from "../../core/errors.ts";
import type { Manifest, TensorSpec } from "../models/manifest.ts";
import { dtypeOf, fillWith, type Row, type TensorData, type TensorShape } from "./tensor.ts";

/**
 * How rows share batches. FIXED: all are of one size. PADDED: different lengths together, each padded to the longest.
 * BUCKETED: equal lengths only. SINGLE: none, because rows that share one are answered otherwise than alone.
 */
export type Batching = "FIXED" | "PADDED" | "BUCKETED" | "SINGLE";

/** How rows of one version lie in a batch: what varies in them, and what that means for sharing one. */
export class RowLayout {
  readonly inputs: readonly InputLayout[];
  /** The place of the input that carries each row's length; rows of different lengths can then share a batch. */
  readonly #lengthsAt: number | undefined;
  readonly #paddedAt: number | undefined;
  readonly #varyingAt: number[];
  /** For each output that is as long as its row, the numbers that it has for one step; undefined for the others. */
  readonly #perStep: (number | undefined)[];

  /** Throws MODEL_REJECTED where rows of this signature cannot be laid into a batch. */
  constructor(manifest: Manifest) {
    const { inputs, outputs } = manifest.signature;
    for (const spec of [...inputs, ...outputs]) checkBatchDimension(spec);
    const text = manifest.preprocessing?.kind === "text" ? manifest.preprocessing : undefined;
    const isPadded = manifest.batching.padding === "LENGTHS";
    if (isPadded && text === undefined)
      throw rejected("batching.padding is LENGTHS, but no recipe says which input is padded and which carries lengths");
    this.inputs = inputs.map((spec) => layoutOf(spec, spec.name === text?.tensor ? text.paddingId : 0));
    this.#varyingAt = this.inputs.flatMap((input, i) => (input.varyingAxis === undefined ? [] : [i]));
    this.#lengthsAt = isPadded ? inputs.findIndex((spec) => spec.name === text?.lengths) : undefined;
    this.#paddedAt = isPadded ? inputs.findIndex((spec) => spec.name === text?.tensor) : undefined;
    const padded = this.#paddedAt === undefined ? undefined : inputs[this.#paddedAt]?.shape[1];
    this.#perStep = outputs.map(({ shape }) => perStepOf(shape, padded));
  }

  /** How many numbers of an output are a row's own: the rest answers its padding, whose size depends on the batch. */
  ownLengthOf(row: Row, output: number, length: number): number {
    const perStep = this.#perStep[output];
    if (perStep === undefined || this.#paddedAt === undefined) return length;
    return Math.min(length, (row[this.#paddedAt]?.length ?? 0) * perStep);
  }

  /** How rows can share batches by their signature; whether they may is tried when the version is loaded. */
  get batching(): Batching {
    if (this.#varyingAt.length === 0) return "FIXED";
    return this.#paddedAt === undefined ? "BUCKETED" : "PADDED";
  }

  /**
   * Rows of the same bucket share batches. Undefined: all rows of this version do. Where rows are padded to the longest
   * of their batch, lengths from one power of two to the next go together: padding costs what tokens cost, and mails of
   * all lengths together were measured at half the throughput.
   */
  bucketOf(row: Row, batching: Batching): string | undefined {
    if (this.#varyingAt.length === 0 || batching === "SINGLE") return undefined;
    if (this.#paddedAt !== undefined && batching === "PADDED")
      return String(Math.ceil(Math.log2(row[this.#paddedAt]?.length ?? 1)));
    return this.#varyingAt.map((i) => row[i]?.length ?? 0).join();
  }

  /** A row of half the length, where lengths may share a batch: to try whether they do so without a trace. */
  shorter(row: Row): Row | undefined {
    if (this.#paddedAt === undefined || this.#lengthsAt === undefined) return undefined;
    const length = Math.ceil((row[this.#paddedAt]?.length ?? 0) / 2);
    return row.map((data, i) => {
      if (i === this.#paddedAt) return data.subarray(0, length);
      return i === this.#lengthsAt ? sameTypeOf(data, length) : data;
    });
  }

  /** What a row costs its tenant: one, or its tokens where its length varies. */
  costOf(row: Row): number {
    const varying = this.#paddedAt ?? this.#varyingAt[0];
    if (varying === undefined) return 1;
    return (row[varying]?.length ?? 0) / (this.inputs[varying]?.fixedCount ?? 1);
  }

  /** What is wrong with a row, said of its place; a row that passes cannot harm its batch. */
  problemOf(row: Row): string | undefined {
    if (row.length !== this.inputs.length) return `has ${row.length} tensors; the version takes ${this.inputs.length}.`;
    for (let i = 0; i < this.inputs.length; i++) {
      const input = this.inputs[i];
      const data = row[i];
      if (input === undefined || data === undefined) return "is not complete.";
      if (dtypeOf(data) !== input.dtype) return `has ${dtypeOf(data)} for ${input.name}; it takes ${input.dtype}.`;
      if (!fits(input, data.length)) return `has ${data.length} values for ${input.name}; it takes ${said(input)}.`;
    }
    return this.#lengthProblemOf(row);
  }

  // A length beyond the row's own end would read into the padding, whose size depends on who shares the batch.
  #lengthProblemOf(row: Row): string | undefined {
    if (this.#lengthsAt === undefined || this.#paddedAt === undefined) return undefined;
    const length = Number(row[this.#lengthsAt]?.[0] ?? 0);
    const tokens = row[this.#paddedAt]?.length ?? 0;
    return length >= 1 && length <= tokens ? undefined : `has a length of ${length} for ${tokens} tokens.`;
  }

  /** The shapes of the tensors that hold these rows, as wide as the longest of them. */
  shapesOf(rows: readonly Row[]): TensorShape[] {
    return this.inputs.map((input, i) => {
      const dims = [rows.length, ...input.dims];
      if (input.varyingAxis === undefined) return { dtype: input.dtype, dims };
      let longest = 0;
      for (const row of rows) longest = Math.max(longest, row[i]?.length ?? 0);
      dims[input.varyingAxis + 1] = longest / input.fixedCount;
      return { dtype: input.dtype, dims };
    });
  }
}

/** One input without its batch dimension. */
export interface InputLayout {
  name: string;
  dtype: TensorShape["dtype"];
  /** The sizes; 0 stands where it varies. */
  dims: readonly number[];
  varyingAxis: number | undefined;
  /** The product of the sizes that do not vary. */
  fixedCount: number;
  paddingValue: number;
}

function layoutOf(spec: TensorSpec, paddingValue: number): InputLayout {
  const sizes = spec.shape.slice(1);
  const varying = sizes.flatMap((size, axis) => (typeof size === "string" ? [axis] : []));
  if (varying.length > 1)
    throw rejected(`${spec.name} has ${varying.length} dimensions besides the batch that vary; one can`);
  const dims = sizes.map((size) => (typeof size === "string" ? 0 : size));
  const fixedCount = dims.reduce((product, size) => (size === 0 ? product : product * size), 1);
  const [varyingAxis] = varying;
  // Padding goes behind a row's last value: only the outermost dimension grows that way.
  if (varyingAxis !== undefined && varyingAxis > 0)
    throw rejected(`${spec.name} varies in dimension ${varyingAxis + 1}; only the first after the batch can`);
  return { name: spec.name, dtype: spec.dtype, dims, varyingAxis, fixedCount, paddingValue };
}

/** An output of which the second dimension has the name of the padded one is as long as its row. */
function perStepOf(shape: TensorSpec["shape"], padded: number | string | undefined): number | undefined {
  if (typeof padded !== "string" || shape[1] !== padded) return undefined;
  return shape.slice(2).reduce<number>((product, size) => product * (typeof size === "number" ? size : 1), 1);
}

function checkBatchDimension(spec: Pick<TensorSpec, "name" | "shape">): void {
  if (typeof spec.shape[0] === "string") return;
  throw rejected(`${spec.name} has a fixed first dimension of ${spec.shape[0]}; it must be the batch, and vary`);
}

function sameTypeOf(data: TensorData, value: number): TensorData {
  const one = data.slice(0, 1);
  fillWith(one, value, 0, 1);
  return one;
}

function fits(input: InputLayout, values: number): boolean {
  if (input.varyingAxis === undefined) return values === input.fixedCount;
  return values > 0 && values % input.fixedCount === 0;
}

function said(input: InputLayout): string {
  return input.varyingAxis === undefined ? String(input.fixedCount) : `a multiple of ${input.fixedCount}, not none`;
}

function rejected(reason: string): TollgateError {
  return new TollgateError("MODEL_REJECTED", `The version cannot be served: ${reason}.`);
}
