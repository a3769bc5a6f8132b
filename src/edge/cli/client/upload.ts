import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { messageOf } from "../../../core/errors.ts";
import { base32 } from "../../../core/ids.ts";
import { CliError, exitCodes, usageError } from "./errors.ts";
import { type GatewayClient, refusalOf } from "./gateway-client.ts";

export interface UploadedFile {
  datasetId: string;
  bytes: number;
}

interface UploadOptions {
  client: GatewayClient;
  file: string;
  format: string;
  onProgress: (sent: number, of: number) => void;
}

/** Sent in one request: proxies and gateways bound how long one may take. */
const partBytes = 16 * 1024 * 1024;
const maxFailuresInARow = 8;

const formats = new Map([
  [".jsonl", "JSONL"],
  [".ndjson", "JSONL"],
  [".csv", "CSV"],
  [".parquet", "PARQUET"],
  [".zip", "ZIP"],
]);

export function formatOf(file: string, named: string | undefined): string {
  const format = named?.toUpperCase() ?? formats.get(path.extname(file).toLowerCase());
  if (format !== undefined) return format;
  throw usageError(`What ${file} is cannot be told from its name: say it with --format jsonl, csv, parquet or zip.`);
}

/**
 * Uploads a file in parts, from where an earlier try of it came to, whether this process broke off or one before it. The
 * dataset's id comes of the file, its size and its time, so the same file is found again and a changed one is another.
 */
export async function uploadFile({ client, file, format, onProgress }: UploadOptions): Promise<UploadedFile> {
  const { size, mtimeMs, isFile } = await statOf(file);
  if (!isFile) throw usageError(`${file} is not a file.`);
  const datasetId = datasetIdOf(`${client.url} ${path.resolve(file)} ${size} ${mtimeMs} ${format}`, mtimeMs);
  let failures = 0;
  for (;;) {
    try {
      const { offset, isReady } = await whereItIs(client, datasetId);
      onProgress(offset, size);
      if (isReady) return { datasetId, bytes: size };
      await sendPart({ client, datasetId, file, format, size, offset, onProgress });
      failures = 0;
    } catch (error) {
      if (!isPassing(error) || ++failures > maxFailuresInARow) throw error;
      await pause(Math.min(5_000, 200 * 2 ** failures));
    }
  }
}

async function whereItIs(client: GatewayClient, datasetId: string): Promise<{ offset: number; isReady: boolean }> {
  const response = await client.send({ method: "HEAD", path: `/datasets/${datasetId}` });
  if (response.status === 404) return { offset: 0, isReady: false };
  if (!response.ok) throw headRefusal(response);
  return {
    offset: Number(response.headers.get("upload-offset")),
    isReady: response.headers.get("upload-complete") === "?1",
  };
}

interface Part {
  client: GatewayClient;
  datasetId: string;
  file: string;
  format: string;
  size: number;
  offset: number;
  onProgress: (sent: number, of: number) => void;
}

async function sendPart({ client, datasetId, file, format, size, offset, onProgress }: Part): Promise<void> {
  const end = Math.min(size, offset + partBytes);
  let sent = offset;
  const bytes = createReadStream(file, { start: offset, end: Math.max(offset, end - 1) });
  bytes.on("data", (chunk) => {
    sent += chunk.length;
    onProgress(Math.min(sent, size), size);
  });
  const response = await client.send({
    method: "PUT",
    path: `/datasets/${datasetId}?format=${format}`,
    headers: {
      "content-type": "application/octet-stream",
      "upload-offset": String(offset),
      "upload-length": String(size),
    },
    body: Readable.toWeb(bytes) as ReadableStream<Uint8Array>,
  });
  if (!response.ok) throw await partRefusal(response);
}

/** Somebody else was faster, the gateway is busy or stopping: HEAD tells how to go on. */
class Passing extends Error {}

async function partRefusal(response: Response): Promise<Error> {
  const error = await refusalOf(response);
  return response.status === 409 || response.status >= 500 ? new Passing(error.message, { cause: error }) : error;
}

function headRefusal(response: Response): Error {
  if (response.status >= 500) return new Passing(`The gateway answered ${response.status}.`);
  const reason = response.status === 401 ? "the credential is not valid" : `it answered ${response.status}`;
  return new CliError(exitCodes.REFUSED, `The gateway does not take the upload: ${reason}.`);
}

function isPassing(error: unknown): boolean {
  return error instanceof Passing || (error instanceof CliError && error.exitCode === exitCodes.UNREACHABLE);
}

async function statOf(file: string) {
  try {
    const found = await stat(file);
    return { size: found.size, mtimeMs: Math.floor(found.mtimeMs), isFile: found.isFile() };
  } catch (error) {
    throw notThere(file, error);
  }
}

function notThere(file: string, cause: unknown): CliError {
  return new CliError(exitCodes.USAGE, `${file} cannot be read: ${messageOf(cause)}.`, cause);
}

function datasetIdOf(text: string, timeMs: number): string {
  const digest = createHash("sha256").update(text).digest();
  const time = Buffer.alloc(5);
  time.writeUIntBE(Math.floor(timeMs / 1000) % 2 ** 40, 0, 5);
  return `dts_${base32(time)}${base32(digest.subarray(0, 10))}${base32(digest.subarray(10, 12)).slice(0, 2)}`;
}
