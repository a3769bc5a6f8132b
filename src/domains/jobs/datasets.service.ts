import { notFound, TollgateError } from "../../core/errors.ts";
import { isId } from "../../core/ids.ts";
import { actorId, type TenantPrincipal } from "../../core/principal.ts";
import type { Dataset, DatasetFormat } from "./dataset.ts";
import type { DatasetsStore } from "./datasets.store.ts";

export interface Upload {
  id: string;
  /** Undefined: as it was said when the dataset was made. */
  format: DatasetFormat | undefined;
  /** Where in the dataset the first byte belongs. */
  offset: number;
  /** Of the whole dataset; undefined where it is complete when this upload has ended. */
  lengthBytes: number | undefined;
  bytes: AsyncIterable<Buffer>;
}

interface DatasetsServiceOptions {
  store: DatasetsStore;
  maxBytes: number;
  retentionDays: number;
}

/** A commit for each: small enough that parsing one keeps nobody waiting, large enough that a gigabyte is a few thousand. */
const chunkBytes = 256 * 1024;
const maxDatasets = 1_000;

/** Takes uploads, in any number of parts. What has been committed survives whatever happens to the upload. */
export class DatasetsService {
  readonly #options: DatasetsServiceOptions;

  constructor(options: DatasetsServiceOptions) {
    this.#options = options;
  }

  /** Makes an empty dataset, to be uploaded to. One with this id that is there already stays as it is. */
  async create(principal: TenantPrincipal, wanted: Pick<Upload, "id" | "format" | "lengthBytes">): Promise<Dataset> {
    const { tenantId } = principal;
    const id = checkId(wanted.id);
    this.#checkSize(wanted.lengthBytes ?? 0);
    if (wanted.format === undefined) {
      const there = await this.#options.store.find(tenantId, id);
      if (there !== undefined) return there;
      throw new TollgateError(
        "INVALID_INPUT",
        "The format is not known. Send a Content-Type (application/jsonl, text/csv, application/vnd.apache.parquet, application/zip) or ?format=JSONL|CSV|PARQUET|ZIP.",
      );
    }
    const dataset = await this.#options.store.ensure(
      tenantId,
      {
        id,
        format: wanted.format,
        createdBy: actorId(principal),
        lengthBytes: wanted.lengthBytes,
        retentionDays: this.#options.retentionDays,
      },
      maxDatasets,
    );
    if (dataset !== "TOO_MANY") return dataset;
    throw new TollgateError("CONFLICT", `The tenant has ${maxDatasets} datasets, which is the limit. Delete some.`);
  }

  /**
   * Adds what comes, chunk by chunk, and completes the dataset when all of it is there. Throws CONFLICT where the offset
   * is not where the dataset ends: HEAD tells where that is.
   */
  async upload(principal: TenantPrincipal, upload: Upload): Promise<Dataset> {
    const { tenantId } = principal;
    const dataset = await this.create(principal, upload);
    if (dataset.state === "READY") throw completed(dataset);
    if (dataset.sizeBytes !== upload.offset) throw notAtTheEnd(dataset.sizeBytes, upload.offset);
    const end = await this.#append(tenantId, upload);
    if (upload.lengthBytes !== undefined && end < upload.lengthBytes) {
      const soFar = await this.#options.store.find(tenantId, upload.id);
      if (soFar !== undefined) return soFar;
      throw notFound("dataset");
    }
    const ready = await this.#options.store.complete(tenantId, upload.id, end);
    if (ready !== undefined) return ready;
    throw new TollgateError("CONFLICT", "Somebody else changed the dataset meanwhile. HEAD tells how far it is.");
  }

  async find({ tenantId }: TenantPrincipal, id: string): Promise<Dataset> {
    const dataset = await this.#options.store.find(tenantId, checkId(id));
    if (dataset !== undefined) return dataset;
    throw notFound("dataset");
  }

  async delete({ tenantId }: TenantPrincipal, id: string): Promise<void> {
    const outcome = await this.#options.store.delete(tenantId, checkId(id));
    if (outcome === undefined) throw notFound("dataset");
    if (outcome === "DELETED") return;
    throw new TollgateError("CONFLICT", "A job is still reading the dataset. Cancel the job first, or wait.");
  }

  async #append(tenantId: string, { id, offset, bytes, lengthBytes }: Upload): Promise<number> {
    let end = offset;
    for await (const chunk of chunksOf(bytes)) {
      this.#checkSize(end + chunk.length);
      if (lengthBytes !== undefined && end + chunk.length > lengthBytes) {
        throw new TollgateError("INVALID_INPUT", `There is more than the ${lengthBytes} bytes of Upload-Length.`);
      }
      const isAdded = await this.#options.store.append(tenantId, id, { offset: end, bytes: chunk });
      if (!isAdded) throw notAtTheEnd(undefined, end);
      end += chunk.length;
    }
    return end;
  }

  #checkSize(bytes: number): void {
    if (bytes <= this.#options.maxBytes) return;
    throw new TollgateError(
      "INVALID_INPUT",
      `The dataset has more than ${this.#options.maxBytes} bytes, which is the limit. Split it into several jobs.`,
    );
  }
}

/** The same bytes in chunks of one size, but for the last. A sender that breaks off leaves the whole ones. */
async function* chunksOf(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let length = 0;
  for await (const part of unbroken(bytes)) {
    parts.push(part);
    length += part.length;
    if (length < chunkBytes) continue;
    const all = Buffer.concat(parts);
    const whole = length - (length % chunkBytes);
    for (let at = 0; at < whole; at += chunkBytes) yield all.subarray(at, at + chunkBytes);
    parts = [all.subarray(whole)];
    length -= whole;
  }
  if (length > 0) yield Buffer.concat(parts);
}

async function* unbroken(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* bytes;
  } catch (error) {
    throw brokenOff(error);
  }
}

function brokenOff(cause: unknown): TollgateError {
  return new TollgateError("INVALID_INPUT", "The upload broke off. HEAD tells from where to go on.", { cause });
}

function completed({ sizeBytes }: Dataset): TollgateError {
  return new TollgateError(
    "CONFLICT",
    `The dataset is complete, with ${sizeBytes} bytes, and never changes. Use another id.`,
  );
}

function notAtTheEnd(sizeBytes: number | undefined, offset: number): TollgateError {
  const end = sizeBytes === undefined ? "" : ` but at ${sizeBytes}`;
  return new TollgateError(
    "CONFLICT",
    `The dataset does not end at ${offset}${end}. Ask HEAD for its Upload-Offset and go on from there.`,
  );
}

function checkId(id: string): string {
  if (isId("dataset", id)) return id;
  throw notFound("dataset");
}
