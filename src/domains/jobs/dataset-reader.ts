import { readCsv } from "./csv-reader.ts";
import type { DatasetColumns, DatasetFormat } from "./dataset.ts";
import type { DatasetBytes } from "./dataset-bytes.ts";
import { readJsonl } from "./jsonl-reader.ts";
import { countParquet, readParquet } from "./parquet-reader.ts";
import type { SliceRecord } from "./slice.ts";
import { maxSliceBytes, Slicing } from "./slicing.ts";
import { countZip, readZip } from "./zip-reader.ts";

/**
 * The items of a dataset in their order, some at a time: whoever takes them slowly is waited for. The same every time.
 * Throws INVALID_INPUT for a file that is not what it is said to be.
 */
export function readDataset(
  bytes: DatasetBytes,
  { format, columns }: { format: DatasetFormat; columns: DatasetColumns },
): AsyncGenerator<SliceRecord[]> {
  switch (format) {
    case "JSONL":
      return readJsonl(bytes, columns);
    case "CSV":
      return readCsv(bytes, columns);
    case "PARQUET":
      return readParquet(bytes, columns);
    case "ZIP":
      return readZip(bytes);
  }
}

export interface ItemCount {
  items: number;
  /** Otherwise the beginning was counted, and the rest taken to be like it. */
  isExact: boolean;
}

/** An estimate is asked for by somebody who waits: it looks at so much of a file that has to be read to be counted. */
const countedBytes = 4 * 1024 * 1024;

export async function countItems(
  bytes: DatasetBytes,
  { format, columns }: { format: DatasetFormat; columns: DatasetColumns },
): Promise<ItemCount> {
  if (format === "PARQUET") return { items: await countParquet(bytes), isExact: true };
  if (format === "ZIP") return { items: await countZip(bytes), isExact: true };
  let items = 0;
  for await (const records of readDataset(bytes, { format, columns })) {
    items += records.length;
    if (bytes.readBytes >= countedBytes && bytes.readBytes < bytes.sizeBytes) {
      return { items: Math.round((items * bytes.sizeBytes) / bytes.readBytes), isExact: false };
    }
  }
  return { items, isExact: true };
}

/** The beginning of a dataset: so many items at the most, and no more bytes than a slice holds. */
export async function firstRecords(
  bytes: DatasetBytes,
  { format, columns, count }: { format: DatasetFormat; columns: DatasetColumns; count: number },
): Promise<SliceRecord[]> {
  const slicing = new Slicing({ items: count, bytes: maxSliceBytes });
  for await (const records of readDataset(bytes, { format, columns })) {
    for (const record of records) {
      const first = slicing.add(record);
      if (first !== undefined) return first.records;
    }
  }
  return slicing.rest()?.records ?? [];
}
