import { Readable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { DatasetsStore } from "./datasets.store.ts";

/** What is parsed in one go: a millisecond or so, after which callers have their turn. */
const mostAtOnce = 64 * 1024;

/** The bytes of a dataset, from wherever one wants them. Holds one chunk in memory. */
export class DatasetBytes {
  readonly sizeBytes: number;
  /** How far it has been read. */
  readBytes = 0;
  readonly #store: Pick<DatasetsStore, "chunkAt">;
  readonly #tenantId: string;
  readonly #datasetId: string;
  #last: { start: number; bytes: Buffer } | undefined;

  constructor(
    store: Pick<DatasetsStore, "chunkAt">,
    dataset: { tenantId: string; datasetId: string; sizeBytes: number },
  ) {
    this.#store = store;
    this.#tenantId = dataset.tenantId;
    this.#datasetId = dataset.datasetId;
    this.sizeBytes = dataset.sizeBytes;
  }

  /** From one byte up to another, which is not part of it, in small parts. Whoever reads slowly is waited for. */
  async *between(start: number, end: number): AsyncGenerator<Buffer> {
    for (let at = start; at < end; ) {
      const chunk = await this.#chunkAt(at);
      const until = Math.min(end, at + mostAtOnce);
      const part = chunk.bytes.subarray(at - chunk.start, until - chunk.start);
      if (part.length === 0) throw new Error(`dataset ${this.#datasetId} has no byte ${at}`);
      at += part.length;
      this.readBytes = Math.max(this.readBytes, at);
      yield part;
      await nextTurn();
    }
  }

  stream(start = 0, end = this.sizeBytes): Readable {
    return Readable.from(this.between(start, end), { objectMode: false });
  }

  async slice(start: number, end: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for await (const part of this.between(start, end)) parts.push(part);
    return Buffer.concat(parts);
  }

  async #chunkAt(byte: number): Promise<{ start: number; bytes: Buffer }> {
    const last = this.#last;
    if (last !== undefined && byte >= last.start && byte < last.start + last.bytes.length) return last;
    const chunk = await this.#store.chunkAt(this.#tenantId, this.#datasetId, byte);
    if (chunk === undefined) throw new Error(`dataset ${this.#datasetId} has no byte ${byte}`);
    this.#last = chunk;
    return chunk;
  }
}
