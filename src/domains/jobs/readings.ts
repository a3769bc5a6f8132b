import { messageOf, TollgateError } from "../../core/errors.ts";
import type { Logger } from "../../platform/logger.ts";
import { DatasetBytes } from "./dataset-bytes.ts";
import { readDataset } from "./dataset-reader.ts";
import type { DatasetsStore } from "./datasets.store.ts";
import type { Reading, ReadingStore } from "./reading.store.ts";
import type { Slice } from "./slice.ts";
import { maxSliceBytes, Slicing } from "./slicing.ts";

interface ReadingsOptions {
  readings: ReadingStore;
  datasets: Pick<DatasetsStore, "chunkAt">;
  logger: Logger;
  /** There are slices to claim. */
  onSlices: () => void;
}

/** Datasets read at once: a large one does not keep the small one behind it waiting. */
const concurrency = 3;
/** Slices, and bytes of inputs, that are written at once. */
const writtenTogether = { slices: 32, bytes: 4 * 1024 * 1024 };

/**
 * Reads the datasets of jobs into slices. Workers begin with the first slices while the others are still being read.
 *
 * A reading that was interrupted is done again from the start of the file, and what is in slices already is passed over:
 * formats differ in where one could go on, and cutting is the same every time.
 */
export class Readings {
  readonly #options: ReadingsOptions;
  readonly #running = new Set<Promise<void>>();
  #isLooking = false;
  #isClosing = false;

  constructor(options: ReadingsOptions) {
    this.#options = options;
  }

  /** There may be a dataset to read. */
  wake(): void {
    if (this.#isLooking || this.#isClosing || this.#running.size >= concurrency) return;
    this.#isLooking = true;
    void this.#look().finally(() => {
      this.#isLooking = false;
    });
  }

  /** Hands back what is being read, at the next slice. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.all(this.#running);
  }

  async #look(): Promise<void> {
    try {
      while (this.#running.size < concurrency && !this.#isClosing) {
        const reading = await this.#options.readings.claim();
        if (reading === undefined) return;
        const done = this.#read(reading).finally(() => {
          this.#running.delete(done);
          this.wake();
        });
        this.#running.add(done);
      }
    } catch (error) {
      this.#options.logger.warn({ reason: messageOf(error) }, "no dataset could be claimed");
    }
  }

  async #read(reading: Reading): Promise<void> {
    const { readings, logger } = this.#options;
    const { jobId } = reading;
    try {
      const items = await this.#slice(reading);
      if (items !== undefined) await readings.finish(reading, items);
    } catch (error) {
      if (error instanceof TollgateError && error.code === "INVALID_INPUT") {
        await this.#refuse(reading, error);
        return;
      }
      // Not the dataset's fault: somebody reads it again.
      logger.warn({ jobId, err: error }, "a dataset could not be read to its end");
      await readings.handBack(reading).catch(() => undefined);
    }
  }

  async #refuse(reading: Reading, { code, message }: TollgateError): Promise<void> {
    try {
      await this.#options.readings.refuse(reading, { code, message });
    } catch (error) {
      this.#options.logger.warn({ jobId: reading.jobId, err: error }, "a dataset could not be refused");
      await this.#options.readings.handBack(reading).catch(() => undefined);
    }
  }

  /** How many items there are; undefined where the reading was lost or handed back. */
  async #slice(reading: Reading): Promise<number | undefined> {
    const bytes = new DatasetBytes(this.#options.datasets, reading);
    const slicing = new Slicing({ items: reading.sliceItems, bytes: maxSliceBytes });
    const written = new SliceWriter(reading, this.#options.readings);
    for await (const records of readDataset(bytes, reading)) {
      for (const record of records) {
        const slice = slicing.add(record);
        if (slice !== undefined && !(await this.#write(written, slice))) return undefined;
      }
    }
    const last = slicing.rest();
    if (last !== undefined) written.add(last);
    if (!(await written.flush())) return undefined;
    this.#options.onSlices();
    return slicing.items;
  }

  async #write(written: SliceWriter, slice: Slice): Promise<boolean> {
    written.add(slice);
    if (!written.isFull) return true;
    if (this.#isClosing) {
      await this.#options.readings.handBack(written.reading);
      return false;
    }
    const isHeld = await written.flush();
    this.#options.onSlices();
    return isHeld;
  }
}

/** Gathers slices that are not in the database yet. */
class SliceWriter {
  readonly reading: Reading;
  readonly #readings: ReadingStore;
  #slices: Slice[] = [];
  #bytes = 0;
  #hasWritten = false;

  constructor(reading: Reading, readings: ReadingStore) {
    this.reading = reading;
    this.#readings = readings;
  }

  /** The first slices go at once: somebody waits for the first answers. */
  get isFull(): boolean {
    if (!this.#hasWritten) return this.#slices.length > 0;
    return this.#slices.length >= writtenTogether.slices || this.#bytes >= writtenTogether.bytes;
  }

  add(slice: Slice): void {
    if (slice.firstItem < this.reading.itemsRead) return;
    this.#slices.push(slice);
    this.#bytes += slice.records.reduce((sum, { input }) => sum + (input?.text ?? input?.image ?? "").length, 0);
  }

  /** False where somebody else reads it now, or the job was canceled. */
  async flush(): Promise<boolean> {
    if (this.#slices.length === 0) return true;
    const slices = this.#slices;
    this.#slices = [];
    this.#bytes = 0;
    this.#hasWritten = true;
    return await this.#readings.append(this.reading, slices);
  }
}
