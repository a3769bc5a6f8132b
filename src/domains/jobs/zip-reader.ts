import type { Readable } from "node:stream";
import { type Entry, fromRandomAccessReaderPromise, RandomAccessReader, type ZipFile } from "yauzl";
import { messageOf, TollgateError } from "../../core/errors.ts";
import type { DatasetBytes } from "./dataset-bytes.ts";
import { maxRecordBytes } from "./dataset-record.ts";
import type { SliceRecord } from "./slice.ts";

/** Pictures are compressed already: an archive that becomes much larger than it is, is made to fill memory and disk. */
const maxRatio = 20;

/** Pictures in an archive, in the order of its directory; the name of a file is its id. */
export async function* readZip(bytes: DatasetBytes): AsyncGenerator<SliceRecord[]> {
  const zip = await openZip(bytes);
  let line = 0;
  let unpacked = 0;
  try {
    for await (const entry of zip.eachEntry()) {
      if (isSkipped(entry)) continue;
      line += 1;
      unpacked += entry.uncompressedSize;
      checkRatio(unpacked, bytes.sizeBytes);
      yield [await recordOfEntry(zip, entry, line)];
    }
  } catch (error) {
    throw unreadable(error);
  } finally {
    zip.close();
  }
}

export async function countZip(bytes: DatasetBytes): Promise<number> {
  const zip = await openZip(bytes);
  let count = 0;
  try {
    for await (const entry of zip.eachEntry()) if (!isSkipped(entry)) count += 1;
    return count;
  } catch (error) {
    throw unreadable(error);
  } finally {
    zip.close();
  }
}

async function openZip(bytes: DatasetBytes): Promise<ZipFile> {
  try {
    const options = { lazyEntries: true, autoClose: false };
    return await fromRandomAccessReaderPromise(new DatasetReader(bytes), bytes.sizeBytes, options);
  } catch (error) {
    throw unreadable(error);
  }
}

class DatasetReader extends RandomAccessReader {
  readonly #bytes: DatasetBytes;

  constructor(bytes: DatasetBytes) {
    super();
    this.#bytes = bytes;
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return this.#bytes.stream(start, end);
  }
}

async function recordOfEntry(zip: ZipFile, entry: Entry, line: number): Promise<SliceRecord> {
  const named = { line, id: entry.fileName.slice(0, 256) };
  if (!/[.](png|jpe?g)$/i.test(entry.fileName)) return { ...named, problem: "The file is neither a PNG nor a JPEG." };
  if (entry.isEncrypted()) return { ...named, problem: "The file is encrypted." };
  if (entry.uncompressedSize > maxRecordBytes) {
    return { ...named, problem: `The file has ${entry.uncompressedSize} bytes; the limit is ${maxRecordBytes}.` };
  }
  const parts: Buffer[] = [];
  try {
    // It ends with an error as soon as there is more than the directory says.
    for await (const part of await zip.openReadStreamPromise(entry)) parts.push(part);
  } catch (error) {
    return { ...named, problem: `The file cannot be unpacked: ${messageOf(error)}.` };
  }
  return { ...named, input: { image: Buffer.concat(parts).toString("base64") } };
}

/** Folders, and what some archivers add of their own. */
function isSkipped({ fileName }: Entry): boolean {
  const name = fileName.split("/").at(-1) ?? "";
  return name === "" || name.startsWith(".") || fileName.startsWith("__MACOSX/");
}

function checkRatio(unpacked: number, packed: number): void {
  if (unpacked <= packed * maxRatio) return;
  throw new TollgateError("INVALID_INPUT", `The archive unpacks to more than ${maxRatio} times its size.`);
}

function unreadable(error: unknown): unknown {
  if (error instanceof TollgateError) return error;
  return new TollgateError("INVALID_INPUT", `The file is not readable as ZIP: ${messageOf(error)}.`, { cause: error });
}
