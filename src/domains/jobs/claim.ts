import type { JobExplanation } from "./job-explanation.ts";
import type { ItemOutcome } from "./outcome.ts";
import type { SliceRecord } from "./slice.ts";

/** A slice that this worker holds, until its lease ends. */
export interface Claim {
  tenantId: string;
  jobId: string;
  slice: number;
  /** The fence: with any other number in the row, the claim is lost. */
  epoch: number;
  /** Claims of it that came to nothing, before this one. */
  failedClaims: number;
  firstItem: number;
  records: SliceRecord[];
  states: Uint8Array;
  results: Uint8Array | undefined;
  modelVersionId: string;
  topK: number;
  /** How each answer is explained; undefined where none is. */
  explanation: JobExplanation | undefined;
  round: number;
  /** Its job is paused: this is to find out, with a few items, whether it can go on. */
  isProbe: boolean;
}

/** What items came to, by their place in the slice. */
export type Outcomes = Map<number, ItemOutcome>;

/** What became of a claim that was to be committed. */
export type Committed =
  /** `ended`: items that are written now. Where the job paused, the others still wait. */
  | { kind: "COMMITTED"; ended: number; isPaused: boolean }
  /** Another worker has the slice, or the job was canceled: nothing was written or charged. */
  | { kind: "LOST" };
