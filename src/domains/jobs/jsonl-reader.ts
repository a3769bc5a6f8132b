import { z } from "zod";
import type { DatasetColumns } from "./dataset.ts";
import type { DatasetBytes } from "./dataset-bytes.ts";
import { maxRecordBytes, recordOf } from "./dataset-record.ts";
import type { SliceRecord } from "./slice.ts";

const newline = 0x0a;
const objectSchema = z.record(z.string(), z.unknown());

/** JSON objects, one in each line. A line that is not one is an item that fails; empty lines are none. */
export async function* readJsonl(bytes: DatasetBytes, columns: DatasetColumns): AsyncGenerator<SliceRecord[]> {
  let line = 0;
  for await (const lines of linesOf(bytes)) {
    const records: SliceRecord[] = [];
    for (const text of lines) {
      line += 1;
      const record = recordOfLine(line, text, columns);
      if (record !== undefined) records.push(record);
    }
    yield records;
  }
}

/** The lines of each chunk; one that is too long comes as undefined, and is never held whole. */
async function* linesOf(bytes: DatasetBytes): AsyncGenerator<(Buffer | undefined)[]> {
  const tail = new Tail();
  for await (const chunk of bytes.between(0, bytes.sizeBytes)) {
    const lines: (Buffer | undefined)[] = [];
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      lines.push(tail.endWith(chunk.subarray(start, end)));
      start = end + 1;
    }
    tail.add(chunk.subarray(start));
    yield lines;
  }
  if (!tail.isEmpty) yield [tail.endWith(Buffer.alloc(0))];
}

/** The beginning of a line that goes on in the next chunk. */
class Tail {
  #parts: Buffer[] = [];
  #length = 0;

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  add(part: Buffer): void {
    this.#length += part.length;
    // Of what is too long anyway, only the length is kept.
    if (this.#length > maxRecordBytes) this.#parts = [];
    else if (part.length > 0) this.#parts.push(part);
  }

  endWith(part: Buffer): Buffer | undefined {
    this.add(part);
    const line = this.#length > maxRecordBytes ? undefined : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#length = 0;
    return line;
  }
}

function recordOfLine(line: number, bytes: Buffer | undefined, columns: DatasetColumns): SliceRecord | undefined {
  if (bytes === undefined) return { line, problem: `The line is longer than ${maxRecordBytes} bytes.` };
  let text: string;
  try {
    text = decoder.decode(bytes).trim();
  } catch {
    return { line, problem: "The line is not UTF-8." };
  }
  if (text === "") return undefined;
  const parsed = objectSchema.safeParse(parse(text));
  if (!parsed.success) return { line, problem: "The line is not a JSON object." };
  return recordOf(line, parsed.data, columns);
}

// It also drops the mark of byte order that some editors begin a file with.
const decoder = new TextDecoder("utf-8", { fatal: true });

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
