import { z } from "zod";
import { itemStates, unpackLines } from "./slice.ts";
import type { SliceResults } from "./slice-results.ts";

export const jobItemStates = {
  WAITING: "Has not been worked on to its end.",
  RUNNING: "A worker has it.",
  SUCCEEDED: "Was answered, and charged.",
  FAILED: "Could not be answered; it was not charged.",
} as const;

export type JobItemState = keyof typeof jobItemStates;

/** One input of a job, and what it came to. */
export interface ItemView {
  /** Its place in the job, from 0. */
  index: number;
  state: JobItemState;
  /** Its line, row or file in the dataset, from 1; known when it has ended. */
  line: number | undefined;
  name: string | undefined;
  label: string | undefined;
  score: number | undefined;
  error: { code: string; message: string; attempts: number } | undefined;
}

const lineSchema = z.looseObject({
  index: z.number(),
  line: z.number(),
  id: z.string().optional(),
  label: z.string().nullish(),
  score: z.number().nullish(),
  error: z.object({ code: z.string(), message: z.string(), attempts: z.number() }).optional(),
});

export function itemsOfSlice(slice: SliceResults & { firstItem: number; isClaimed: boolean }): ItemView[] {
  const lines = (slice.results === undefined ? [] : unpackLines(slice.results)).map((line) =>
    lineSchema.parse(JSON.parse(line)),
  );
  const byIndex = new Map(lines.map((line) => [line.index, line]));
  return Array.from(slice.states, (state, place) => {
    const index = slice.firstItem + place;
    const line = byIndex.get(index);
    return {
      index,
      state: stateOf(state, slice.isClaimed),
      line: line?.line,
      name: line?.id,
      label: line?.label ?? undefined,
      score: line?.score ?? undefined,
      error: line?.error,
    };
  });
}

function stateOf(state: number, isClaimed: boolean): JobItemState {
  if (state === itemStates.SUCCEEDED) return "SUCCEEDED";
  if (state === itemStates.FAILED) return "FAILED";
  return isClaimed ? "RUNNING" : "WAITING";
}
