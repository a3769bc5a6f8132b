import { promisify } from "node:util";
import { zstdCompress, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { z } from "zod";

const inputSchema = z.object({
  text: z.string().optional(),
  image: z.string().optional(),
  tensor: z.unknown().optional(),
});

const recordSchema = z.object({
  /** Where it stands in its dataset, from 1: a line, a row, a file of an archive. */
  line: z.number(),
  /** The caller's own name for it. */
  id: z.string().optional(),
  input: inputSchema.optional(),
  /** Why there is no input. */
  problem: z.string().optional(),
});

/** One item as it was submitted: an input, or what is wrong with it. */
export type SliceRecord = z.infer<typeof recordSchema>;

/** Consecutive items of a job that are worked on and written together. */
export interface Slice {
  slice: number;
  firstItem: number;
  records: SliceRecord[];
}

export const itemStates = { WAITING: 0, SUCCEEDED: 1, FAILED: 2 } as const;

const compress = promisify(zstdCompress);

/** A slice as it lies in the database. */
export interface PackedSlice {
  slice: number;
  firstItem: number;
  items: number;
  inputs: Buffer;
}

/** On another thread: a dataset that is read is compressed whole, beside callers. To be done before anything is locked. */
export async function packSlices(slices: readonly Slice[]): Promise<PackedSlice[]> {
  const packed: PackedSlice[] = [];
  for (const { slice, firstItem, records } of slices) {
    packed.push({ slice, firstItem, items: records.length, inputs: await compress(JSON.stringify(records)) });
  }
  return packed;
}

export function unpackRecords(packed: Uint8Array): SliceRecord[] {
  return z.array(recordSchema).parse(JSON.parse(zstdDecompressSync(packed).toString("utf8")));
}

/** Lines are kept as they are sent: a download of a million of them is only unpacked. */
export function packLines(lines: readonly string[]): Buffer {
  return zstdCompressSync(lines.map((line) => `${line}\n`).join(""));
}

/** The same lines as they are sent, each with its end. */
export function unpackText(packed: Uint8Array): Buffer {
  return zstdDecompressSync(packed);
}

export function unpackLines(packed: Uint8Array): string[] {
  return unpackText(packed).toString("utf8").split("\n").slice(0, -1);
}
