import { TollgateError } from "../../core/errors.ts";
import type { Dtype, TensorSpec } from "../models/manifest.ts";
import type { ImageRecipe } from "../models/recipes.ts";
import type { TensorData } from "./tensor.ts";

/** A tensor as it came in: its numbers in the type it was sent in, and its shape. */
interface SentTensor {
  dtype: Dtype;
  shape: number[];
  data: TensorData;
}

const bytesPerNumber: Record<Dtype, number> = { float32: 4, int64: 8, int32: 4, uint8: 1 };
const maxNumbers = 4_000_000;

/**
 * A caller's tensor as one row of the graph's input, checked for type, shape and range: ONNX Runtime itself would take a
 * negative token id and wrap it. Messages go after `inputs[i].tensor`. Throws INVALID_INPUT.
 *
 * @param variableLength how long a dimension that varies may be: 1 to this.
 */
export function rowFromTensor(
  tensor: unknown,
  spec: TensorSpec,
  options: { recipe?: ImageRecipe; variableLength?: number },
): TensorData {
  const sent = Array.isArray(tensor) ? fromNestedArrays(tensor, spec.dtype) : fromEncoded(tensor);
  checkShape(sent, spec, options);
  const { recipe } = options;
  if (recipe !== undefined && sent.data instanceof Uint8Array && spec.dtype === "float32") {
    return scalePixels(sent.data, recipe, spec);
  }
  const row = convert(sent, spec);
  checkValues(row, spec);
  return row;
}

function fromEncoded(tensor: unknown): SentTensor {
  if (typeof tensor !== "object" || tensor === null) {
    throw invalid("is neither { dtype, shape, data } nor nested arrays of numbers.");
  }
  const { dtype, shape, data } = tensor as Record<string, unknown>;
  if (typeof dtype !== "string" || !isDtype(dtype))
    throw invalid("has an unknown dtype; use float32, int64, int32 or uint8.");
  if (!isShape(shape)) throw invalid("has a shape that is not a list of whole numbers from 1 up.");
  if (typeof data !== "string") throw invalid("has no data: send the numbers as base64, little-endian.");
  const count = numbersIn(shape);
  const bytes = decodeBase64(data);
  const expected = count * bytesPerNumber[dtype];
  if (bytes.length !== expected) {
    throw invalid(`has ${bytes.length} bytes of data; ${dtype} of shape [${shape.join(", ")}] takes ${expected}.`);
  }
  return { dtype, shape, data: view(dtype, bytes) };
}

/** The bytes of base64 text. Node skips what it cannot read, so a length that does not come out tells of it. */
export function decodeBase64(text: string): Buffer {
  const bytes = Buffer.from(text, "base64");
  const padding = /={0,2}$/.exec(text.slice(-2))?.[0].length ?? 0;
  if (text.length % 4 !== 0 || bytes.length !== (text.length / 4) * 3 - padding) throw invalid("is not base64.");
  return bytes;
}

// A view needs its bytes at a multiple of the number's size, which a small Buffer, cut from a shared pool, seldom has.
function view(dtype: Dtype, bytes: Buffer): TensorData {
  const aligned = new Uint8Array(bytes).buffer;
  switch (dtype) {
    case "uint8":
      return bytes;
    case "float32":
      return new Float32Array(aligned);
    case "int64":
      return new BigInt64Array(aligned);
    case "int32":
      return new Int32Array(aligned);
  }
}

function fromNestedArrays(nested: unknown[], dtype: Dtype): SentTensor {
  const shape: number[] = [];
  for (let level: unknown = nested; Array.isArray(level); level = level[0]) shape.push(level.length);
  if (!isShape(shape)) throw invalid("is an empty array.");
  const numbers: number[] = [];
  flatten(nested, shape, numbers);
  switch (dtype) {
    case "float32":
      return { dtype, shape, data: Float32Array.from(numbers) };
    case "int64":
      return { dtype, shape, data: BigInt64Array.from(numbers.map((number) => BigInt(wholeNumber(number)))) };
    case "int32":
      return { dtype, shape, data: Int32Array.from(numbers.map(wholeNumber)) };
    case "uint8":
      return { dtype, shape, data: Uint8Array.from(numbers.map(wholeNumber)) };
  }
}

function flatten(level: unknown, shape: readonly number[], into: number[]): void {
  const [length, ...rest] = shape;
  if (length === undefined) {
    if (typeof level !== "number" || !Number.isFinite(level)) throw invalid("holds something that is not a number.");
    into.push(level);
    return;
  }
  if (!Array.isArray(level) || level.length !== length) throw invalid("has rows of different lengths.");
  for (const part of level) flatten(part, rest, into);
}

function wholeNumber(number: number): number {
  if (Number.isSafeInteger(number)) return number;
  throw invalid(`holds ${number}, which is not a whole number.`);
}

function isDtype(text: string): text is Dtype {
  return Object.hasOwn(bytesPerNumber, text);
}

function isShape(shape: unknown): shape is number[] {
  if (!Array.isArray(shape) || shape.length === 0 || shape.length > 8) return false;
  return shape.every((size) => Number.isInteger(size) && size >= 1) && numbersIn(shape) <= maxNumbers;
}

function numbersIn(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function checkShape(
  sent: SentTensor,
  spec: TensorSpec,
  options: { recipe?: ImageRecipe; variableLength?: number },
): void {
  const expected = spec.shape.slice(1);
  const shape = sent.shape.length === expected.length + 1 && sent.shape[0] === 1 ? sent.shape.slice(1) : sent.shape;
  const longest = options.variableLength ?? Number.MAX_SAFE_INTEGER;
  const fits = (size: number, want: number | string | undefined) =>
    typeof want === "number" ? size === want : size <= longest;
  if (shape.length === expected.length && shape.every((size, axis) => fits(size, expected[axis]))) return;
  // A picture may come as the rows and columns that it is, though the graph takes them in one line.
  const { recipe } = options;
  const isPicture =
    recipe !== undefined && shape.length === 2 && shape[0] === recipe.height && shape[1] === recipe.width;
  if (isPicture && numbersIn(shape) === numbersIn(expected.map(Number))) return;
  const wanted = expected.map((size) => (typeof size === "number" ? size : `1 to ${longest}`)).join(", ");
  throw invalid(`has shape [${sent.shape.join(", ")}]; this version takes [${wanted}].`);
}

function convert(sent: SentTensor, spec: TensorSpec): TensorData {
  if (sent.dtype === spec.dtype) return sent.data;
  if (sent.dtype === "int32" && spec.dtype === "int64") return BigInt64Array.from(sent.data as Int32Array, BigInt);
  throw invalid(`has dtype ${sent.dtype}; this version takes ${spec.dtype}.`);
}

const scaled = new WeakMap<ImageRecipe, Float32Array>();

/**
 * Raw pixels, 0 to 255, times the recipe's scale: through a table, as there are only 256 of them. The table is what is
 * checked against the range, once, and not each pixel.
 */
function scalePixels(pixels: Uint8Array, recipe: ImageRecipe, spec: TensorSpec): Float32Array {
  let table = scaled.get(recipe);
  if (table === undefined) {
    table = Float32Array.from({ length: 256 }, (_, pixel) => pixel * recipe.scale);
    checkValues(table, spec);
    scaled.set(recipe, table);
  }
  const row = new Float32Array(pixels.length);
  for (let i = 0; i < row.length; i++) row[i] = table[pixels[i] ?? 0] ?? 0;
  return row;
}

function checkValues(row: TensorData, spec: TensorSpec): void {
  const [low, high] = spec.range ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let i = 0; i < row.length; i++) {
    const value = Number(row[i]);
    if (value >= low && value <= high && Number.isFinite(value)) continue;
    const range = spec.range === undefined ? "finite numbers" : `${low} to ${high}`;
    throw invalid(`holds ${value} at place ${i}; this version takes ${range}.`);
  }
}

function invalid(message: string): TollgateError {
  return new TollgateError("INVALID_INPUT", message);
}
