import { z } from "zod";
import { TollgateError } from "../../core/errors.ts";

/** Bounds on what the newest target of an alias may do worse than the others; beyond one, the alias rolls back by itself. */
export const aliasGuardSchema = z.strictObject({
  /** Requests of the guarded target that must have been seen before anything is judged. */
  minRequests: z.number().int().min(1).max(100_000).default(50),
  windowSeconds: z.number().int().min(5).max(3_600).default(300),
  /** Share of its requests that may fail on our side, 0 to 1. */
  maxErrorRate: z.number().min(0).max(1).optional(),
  /** Its p99 in relation to the other targets'. */
  maxP99Ratio: z.number().min(1).max(1_000).optional(),
  /** Share of shadowed requests that may be answered with another label, 0 to 1. */
  maxDisagreement: z.number().min(0).max(1).optional(),
});
export type AliasGuard = z.infer<typeof aliasGuardSchema>;

type Unchecked = { [K in keyof AliasGuard]?: number | null | undefined };

/** Throws INVALID_INPUT for bounds that are none. */
export function aliasGuardOf(input: Unchecked): AliasGuard {
  const given = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== null && value !== undefined));
  const parsed = aliasGuardSchema.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new TollgateError("INVALID_INPUT", `guard.${issue?.path.join(".")}: ${issue?.message}`);
  }
  const { maxErrorRate, maxP99Ratio, maxDisagreement } = parsed.data;
  if (maxErrorRate !== undefined || maxP99Ratio !== undefined || maxDisagreement !== undefined) return parsed.data;
  throw new TollgateError("INVALID_INPUT", "guard has no bound: give maxErrorRate, maxP99Ratio or maxDisagreement.");
}
