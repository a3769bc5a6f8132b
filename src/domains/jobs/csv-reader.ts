import { type CsvError, parse } from "csv-parse";
import { messageOf, TollgateError } from "../../core/errors.ts";
import type { DatasetColumns } from "./dataset.ts";
import type { DatasetBytes } from "./dataset-bytes.ts";
import { maxRecordBytes, recordOf } from "./dataset-record.ts";
import type { SliceRecord } from "./slice.ts";

/**
 * Comma-separated values with a header (RFC 4180). A row that cannot be read is an item that fails; a header that lacks
 * what `columns` names refuses the file.
 */
export async function* readCsv(bytes: DatasetBytes, columns: DatasetColumns): AsyncGenerator<SliceRecord[]> {
  let records: SliceRecord[] = [];
  const takeAll = () => {
    const taken = records;
    records = [];
    return taken;
  };
  const parser = parse({
    bom: true,
    columns: (header: string[]) => checkedHeader(header, columns),
    relax_column_count: true,
    max_record_size: maxRecordBytes,
    skip_empty_lines: true,
    skip_records_with_error: true,
    // Rows are taken here, in the order in which they are parsed, and so are those that cannot be; nothing is passed on.
    on_record: (row: Record<string, string>, { lines }) => {
      records.push(recordOf(lines, withoutEmpty(row), columns));
      return null;
    },
    on_skip: (error) => {
      records.push({ line: lineOf(error), problem: `The row cannot be read: ${error?.message ?? "it is malformed"}` });
      return undefined;
    },
  });
  // An error comes twice, to whoever wrote and as an event; an event that nobody heard would end the process.
  parser.on("error", () => undefined);
  parser.resume();
  for await (const chunk of bytes.between(0, bytes.sizeBytes)) {
    await accepted(parser, (done) => parser.write(chunk, done));
    yield takeAll();
  }
  await accepted(parser, (done) => parser.end(done));
  yield takeAll();
}

/** Waits until the parser has taken it. What it cannot go on from refuses the file. */
async function accepted(
  parser: ReturnType<typeof parse>,
  write: (done: (error?: Error | null) => void) => unknown,
): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      parser.once("error", reject);
      write((error) => {
        parser.off("error", reject);
        if (error) reject(error);
        else resolve();
      });
    });
  } catch (error) {
    throw unreadable(error);
  }
}

function unreadable(error: unknown): unknown {
  if (error instanceof TollgateError) return error;
  return new TollgateError("INVALID_INPUT", `The file is not CSV: ${messageOf(error)}.`, { cause: error });
}

function checkedHeader(header: string[], columns: DatasetColumns): string[] {
  const lacking = Object.values(columns).filter((name) => name !== undefined && !header.includes(name));
  if (lacking.length > 0) {
    throw new TollgateError(
      "INVALID_INPUT",
      `The header has no column ${lacking.map((name) => JSON.stringify(name)).join(" and ")}. It has: ${header.join(", ").slice(0, 500)}.`,
    );
  }
  const isMapped = columns.text ?? columns.image ?? columns.tensor;
  if (isMapped !== undefined || header.some((name) => ["text", "image", "tensor"].includes(name))) return header;
  throw new TollgateError(
    "INVALID_INPUT",
    `The header names no text, image or tensor; say with columns which one it is. It has: ${header.join(", ").slice(0, 500)}.`,
  );
}

/** An empty cell is no value, not an empty text. */
function withoutEmpty(row: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== ""));
}

function lineOf(error: CsvError | undefined): number {
  const lines = error?.["lines"];
  return typeof lines === "number" ? lines : 0;
}
