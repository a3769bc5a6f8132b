import type { ErrorCode } from "../../core/errors.ts";
import type { InferenceOutput } from "../inference/inference.ts";
import type { SliceRecord } from "./slice.ts";

export interface SucceededItem {
  kind: "SUCCEEDED";
  output: InferenceOutput;
  tokens: number;
  /** Its share of the time that was measured, in microseconds. */
  computeUs: number;
}

export interface FailedItem {
  kind: "FAILED";
  code: ErrorCode;
  message: string;
  attempts: number;
}

/** What an item came to. */
export type ItemOutcome = SucceededItem | FailedItem;

/** How many inputs an item is charged as: itself, and the changed ones that its explanation took. */
export function inputsOf({ output }: Pick<SucceededItem, "output">): number {
  return 1 + (output.explanation?.evaluations ?? 0);
}

/** The line of a result, as it is kept and downloaded: JSON of one object. */
export function lineOf(item: number, { line, id }: SliceRecord, outcome: ItemOutcome): string {
  const head = { index: item, line, ...(id === undefined ? {} : { id }) };
  if (outcome.kind === "FAILED") {
    const { code, message, attempts } = outcome;
    return JSON.stringify({ ...head, error: { code, message, attempts } });
  }
  return JSON.stringify({ ...head, ...outcome.output, index: item });
}
