import { z } from "zod";
import { type ItemOutcome, lineOf } from "./outcome.ts";
import { csvRowOf } from "./result-csv.ts";
import { itemStates, packLines, type SliceRecord, unpackLines } from "./slice.ts";

/** What a slice holds of its items that have ended. */
export interface SliceResults {
  states: Uint8Array;
  /** Packed; undefined while none has ended. */
  results: Uint8Array | undefined;
}

export interface MergedResults {
  states: Uint8Array;
  results: Uint8Array;
  succeeded: number;
  failed: number;
  waiting: number;
  jsonlBytes: number;
  csvBytes: number;
}

const indexOnly = z.object({ index: z.number() });

/** Adds what items came to, by their place in the slice. An item that has ended stays as it is: nothing ends twice. */
export function mergeResults(
  { states, results }: SliceResults,
  firstItem: number,
  records: readonly SliceRecord[],
  outcomes: ReadonlyMap<number, ItemOutcome>,
): MergedResults {
  const lines = linesByPlace(results, firstItem);
  const merged = Uint8Array.from(states);
  for (const [place, outcome] of outcomes) {
    const record = records[place];
    if (record === undefined || merged[place] !== itemStates.WAITING) continue;
    merged[place] = itemStates[outcome.kind];
    lines.set(place, lineOf(firstItem + place, record, outcome));
  }
  return { ...countsOf(merged), ...packed(lines), states: merged };
}

/** Puts the failed items back among those that wait. */
export function withoutFailed({ states, results }: SliceResults, firstItem: number): MergedResults {
  const lines = linesByPlace(results, firstItem);
  const merged = states.map((state, place) => {
    if (state !== itemStates.FAILED) return state;
    lines.delete(place);
    return itemStates.WAITING;
  });
  return { ...countsOf(merged), ...packed(lines), states: merged };
}

function linesByPlace(results: Uint8Array | undefined, firstItem: number): Map<number, string> {
  const lines = results === undefined ? [] : unpackLines(results);
  return new Map(lines.map((line) => [indexOf(line) - firstItem, line]));
}

/** Which item a line is of. */
export function indexOf(line: string): number {
  return indexOnly.parse(JSON.parse(line)).index;
}

function packed(byPlace: ReadonlyMap<number, string>) {
  const lines = [...byPlace].sort(([a], [b]) => a - b).map(([, line]) => line);
  const sizeOf = (texts: string[]) => texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  return { results: packLines(lines), jsonlBytes: sizeOf(lines) + lines.length, csvBytes: sizeOf(lines.map(csvRowOf)) };
}

function countsOf(states: Uint8Array) {
  const count = (wanted: number) => states.reduce((sum, state) => sum + (state === wanted ? 1 : 0), 0);
  return {
    succeeded: count(itemStates.SUCCEEDED),
    failed: count(itemStates.FAILED),
    waiting: count(itemStates.WAITING),
  };
}
