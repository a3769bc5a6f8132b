import type { Slice, SliceRecord } from "./slice.ts";

export interface SliceBounds {
  /** No slice is larger than a batch of its version. */
  items: number;
  /** Pictures are large: a slice is held in memory whole. */
  bytes: number;
}

export const maxSliceBytes = 4 * 1024 * 1024;

/** Cuts records into slices, in their order. Always in the same way, so a reading that is done again cuts the same ones. */
export class Slicing {
  readonly #bounds: SliceBounds;
  #slice = 0;
  #firstItem = 0;
  #records: SliceRecord[] = [];
  #bytes = 0;

  constructor(bounds: SliceBounds) {
    this.#bounds = bounds;
  }

  /** Items taken so far. */
  get items(): number {
    return this.#firstItem + this.#records.length;
  }

  /** Takes a record; the slice that is full with it, if one is. */
  add(record: SliceRecord): Slice | undefined {
    this.#records.push(record);
    this.#bytes += sizeOf(record);
    const isFull = this.#records.length >= this.#bounds.items || this.#bytes >= this.#bounds.bytes;
    return isFull ? this.rest() : undefined;
  }

  /** What has been taken and was not given out. */
  rest(): Slice | undefined {
    if (this.#records.length === 0) return undefined;
    const slice = { slice: this.#slice, firstItem: this.#firstItem, records: this.#records };
    this.#slice += 1;
    this.#firstItem += this.#records.length;
    this.#records = [];
    this.#bytes = 0;
    return slice;
  }
}

function sizeOf({ input }: SliceRecord): number {
  if (input === undefined) return 0;
  if (input.tensor !== undefined) return JSON.stringify(input.tensor).length;
  return (input.text ?? input.image ?? "").length;
}
