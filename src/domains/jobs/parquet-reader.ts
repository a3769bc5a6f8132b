import { type FileMetaData, parquetMetadataAsync, parquetReadObjects, parquetSchema } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { messageOf, TollgateError } from "../../core/errors.ts";
import type { DatasetColumns } from "./dataset.ts";
import type { DatasetBytes } from "./dataset-bytes.ts";
import { recordOf } from "./dataset-record.ts";
import type { SliceRecord } from "./slice.ts";

/** A row group is the smallest part of a Parquet file that can be read, so it has to fit in memory. */
const maxRowGroupBytes = 64 * 1024 * 1024;
/** The footer is read at once too. */
const maxFooterBytes = 16 * 1024 * 1024;

/** Rows of Apache Parquet, a row group at a time. A file that cannot be read is refused as a whole. */
export async function* readParquet(bytes: DatasetBytes, columns: DatasetColumns): AsyncGenerator<SliceRecord[]> {
  const file = fileOf(bytes);
  const metadata = await readable(() => footerOf(bytes, file));
  const wanted = wantedColumns(metadata, columns);
  let rowStart = 0;
  for (const [i, group] of metadata.row_groups.entries()) {
    checkGroup(i, group, wanted);
    const rowEnd = rowStart + Number(group.num_rows);
    const start = rowStart;
    const rows = await readable(() =>
      parquetReadObjects({ file, metadata, columns: wanted, rowStart: start, rowEnd, compressors: bounded }),
    );
    yield rows.map((row, offset) => recordOf(start + offset + 1, row, columns));
    rowStart = rowEnd;
  }
}

export async function countParquet(bytes: DatasetBytes): Promise<number> {
  return Number((await readable(() => footerOf(bytes, fileOf(bytes)))).num_rows);
}

interface ParquetFile {
  byteLength: number;
  slice(start: number, end?: number): Promise<ArrayBuffer>;
}

function fileOf(bytes: DatasetBytes): ParquetFile {
  return {
    byteLength: bytes.sizeBytes,
    slice: async (start, end = bytes.sizeBytes) => new Uint8Array(await bytes.slice(start, end)).buffer,
  };
}

async function footerOf(bytes: DatasetBytes, file: ParquetFile): Promise<FileMetaData> {
  const end = await bytes.slice(Math.max(0, bytes.sizeBytes - 8), bytes.sizeBytes);
  if (end.subarray(-4).toString("latin1") !== "PAR1") throw new Error("it does not end with PAR1");
  const footerBytes = end.readUInt32LE(0);
  if (footerBytes > maxFooterBytes)
    throw new Error(`its footer of ${footerBytes} bytes is larger than ${maxFooterBytes}`);
  return await parquetMetadataAsync(file);
}

function wantedColumns(metadata: FileMetaData, columns: DatasetColumns): string[] {
  const there = parquetSchema(metadata).children.map(({ element }) => element.name);
  const lacking = Object.values(columns).filter((name) => name !== undefined && !there.includes(name));
  const wanted = (["text", "image", "tensor", "id"] as const).map((name) => columns[name] ?? name);
  const found = wanted.filter((name) => there.includes(name));
  const hasInput = found.some((name) => name !== (columns.id ?? "id"));
  if (lacking.length === 0 && hasInput) return found;
  const which = lacking.length > 0 ? lacking.join(" and ") : "text, image or tensor";
  throw new TollgateError(
    "INVALID_INPUT",
    `The file has no column ${which}. It has: ${there.join(", ").slice(0, 500)}.`,
  );
}

function checkGroup(i: number, group: FileMetaData["row_groups"][number], wanted: readonly string[]): void {
  const sizes = group.columns.map(({ meta_data: column }) =>
    column !== undefined && wanted.includes(column.path_in_schema[0] ?? "")
      ? Number(column.total_uncompressed_size)
      : 0,
  );
  const size = sizes.reduce((sum, one) => sum + one, 0);
  if (size <= maxRowGroupBytes) return;
  throw new TollgateError(
    "INVALID_INPUT",
    `Row group ${i} holds ${size} bytes of the columns that are read; the limit is ${maxRowGroupBytes}. Write the file with smaller row groups.`,
  );
}

/** A page says itself how large it becomes, and may lie. */
const bounded = Object.fromEntries(
  Object.entries(compressors).map(([codec, decompress]) => [
    codec,
    (input: Uint8Array, outputLength: number) => {
      if (outputLength > maxRowGroupBytes) throw new Error(`a page becomes ${outputLength} bytes`);
      return decompress(input, outputLength);
    },
  ]),
);

async function readable<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw unreadable(error);
  }
}

function unreadable(error: unknown): unknown {
  if (error instanceof TollgateError) return error;
  const message = `The file is not readable as Parquet: ${messageOf(error)}.`;
  return new TollgateError("INVALID_INPUT", message, { cause: error });
}
