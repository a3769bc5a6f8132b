import type { DatasetFormat } from "../../graphql/generated/graphql.ts";
import { csvHead } from "./csv-head.ts";

/** What a file is, as its name and its beginning say. */
export interface FileHead {
  format: DatasetFormat;
  /** Its columns; none where it has no such thing. */
  columns: FileColumn[];
}

export interface FileColumn {
  name: string;
  /** What the first row has there; empty where that cannot be shown. */
  sample: string;
}

const formats: Record<string, DatasetFormat> = {
  jsonl: "JSONL",
  ndjson: "JSONL",
  csv: "CSV",
  parquet: "PARQUET",
  zip: "ZIP",
};

export const accepted = Object.keys(formats)
  .map((ending) => `.${ending}`)
  .join(",");

const headBytes = 256 * 1024;
const sampleCharacters = 80;

/** Throws with a sentence for whoever chose it, where it is no file that a job can read. */
export async function headOf(file: File): Promise<FileHead> {
  const format = formats[file.name.split(".").at(-1)?.toLowerCase() ?? ""];
  if (format === undefined)
    throw new Error(`${file.name} does not end with .jsonl, .csv, .parquet or .zip, which say what a file is.`);
  if (file.size === 0) throw new Error(`${file.name} is empty.`);
  return { format, columns: await columnsOf(file, format) };
}

async function columnsOf(file: File, format: DatasetFormat): Promise<FileColumn[]> {
  switch (format) {
    case "CSV": {
      const [names = [], first = []] = csvHead(await file.slice(0, headBytes).text(), 2);
      return names.map((name, index) => ({ name, sample: shortened(first[index]) }));
    }
    case "JSONL":
      return fieldsOf((await file.slice(0, headBytes).text()).split("\n", 1)[0] ?? "");
    case "PARQUET":
      return await parquetColumns(file);
    case "ZIP":
      return [];
  }
}

/** A first line that is cut off or broken is the gateway's to speak of: its fields are then not offered. */
function fieldsOf(line: string): FileColumn[] {
  try {
    const row: unknown = JSON.parse(line.replace(/^\uFEFF/, ""));
    if (typeof row !== "object" || row === null || Array.isArray(row)) return [];
    return Object.entries(row).map(([name, value]) => ({ name, sample: shortened(value) }));
  } catch {
    return [];
  }
}

/** The reader of the footer is loaded with the first such file. */
async function parquetColumns(file: File): Promise<FileColumn[]> {
  const { parquetMetadataAsync, parquetSchema } = await import("hyparquet");
  const slice = async (start: number, end?: number) => await file.slice(start, end).arrayBuffer();
  try {
    const metadata = await parquetMetadataAsync({ byteLength: file.size, slice });
    return parquetSchema(metadata).children.map(({ element }) => ({ name: element.name, sample: "" }));
  } catch (error) {
    throw new Error(`${file.name} is not Parquet, or it is cut off.`, { cause: error });
  }
}

function shortened(value: unknown): string {
  if (value === undefined || value === null) return "";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > sampleCharacters ? `${text.slice(0, sampleCharacters)}…` : text;
}
