import { messageOf } from "../../core/errors.ts";
import type { DatasetColumns } from "./dataset.ts";
import type { SliceRecord } from "./slice.ts";

/** Past this an input is refused, before it is held in memory whole. */
export const maxRecordBytes = 8 * 1024 * 1024;

const maxIdCharacters = 256;

/** An item of what a row of a dataset has under its columns. What is wrong with it becomes the item's error. */
export function recordOf(line: number, row: Readonly<Record<string, unknown>>, columns: DatasetColumns): SliceRecord {
  const id = idOf(row[columns.id ?? "id"]);
  const named = id === undefined ? { line } : { line, id };
  try {
    return { ...named, input: inputOf(row, columns) };
  } catch (error) {
    return { ...named, problem: messageOf(error) };
  }
}

function inputOf(row: Readonly<Record<string, unknown>>, columns: DatasetColumns): NonNullable<SliceRecord["input"]> {
  const text = row[columns.text ?? "text"] ?? undefined;
  const image = row[columns.image ?? "image"] ?? undefined;
  const tensor = row[columns.tensor ?? "tensor"] ?? undefined;
  const given = [text, image, tensor].filter((value) => value !== undefined);
  if (given.length !== 1) {
    throw new Error(`The row has ${given.length} of text, image and tensor; it must have exactly one.`);
  }
  if (text !== undefined) return { text: textOf(text) };
  return image === undefined ? { tensor: tensorOf(tensor) } : { image: base64Of(image) };
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  throw new Error("text is not a string.");
}

function base64Of(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (typeof value === "string") return value;
  throw new Error("image is neither base64 text nor bytes.");
}

/** Formats of text carry a tensor as JSON. */
function tensorOf(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch (error) {
    throw new Error("tensor is not JSON.", { cause: error });
  }
}

function idOf(value: unknown): string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "bigint") return undefined;
  return String(value).slice(0, maxIdCharacters);
}
