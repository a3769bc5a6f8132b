import { z } from "zod";

/** Bounds on what the newest target of an alias may do worse than the others; beyond one, the alias rolls back by itself. */
export const aliasGuardSchema = z.strictObject({
  /** Answers of the guarded target that must have been seen before anything is judged. */
  minRequests: z.number().int().min(1).max(100_000),
  windowSeconds: z.number().int().min(5).max(3_600),
  /** Share of its requests that may fail on our side, 0 to 1. */
  maxErrorRate: z.number().min(0).max(1).optional(),
  /** Its p99 in relation to the other targets'. */
  maxP99Ratio: z.number().min(1).max(1_000).optional(),
  /** Share of shadowed requests that may be answered with another label, 0 to 1. */
  maxDisagreement: z.number().min(0).max(1).optional(),
});
export type AliasGuard = z.infer<typeof aliasGuardSchema>;
