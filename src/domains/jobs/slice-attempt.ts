/** How a slice is worked on this time. */
export type Attempt =
  /** Its first so many waiting items together. */
  | { kind: "RUN"; take: number }
  /** Its first waiting item has ended whoever worked on it alone: it fails, and the others go on without it. */
  | { kind: "GIVE_UP_FIRST" };

/** How often an item is tried alone before it fails. */
export const maxAttemptsAlone = 3;

/**
 * What to do with a slice of which so many items wait, and of which so many claims came to nothing: their worker was
 * killed, or the run did not end in time. Each such claim halves what is tried together, so an item that ends its worker
 * is soon alone; and alone it is tried three times. So a poisoned item costs a slice of n at most log2(n) + 3 claims.
 */
export function planAttempt(waiting: number, failedClaims: number): Attempt {
  const halvings = halvingsOf(waiting);
  if (failedClaims - halvings >= maxAttemptsAlone) return { kind: "GIVE_UP_FIRST" };
  return { kind: "RUN", take: Math.max(1, Math.ceil(waiting / 2 ** failedClaims)) };
}

/** How many failed claims a slice counts after some of its items have ended: it is tried in larger parts again, in steps. */
export function failedClaimsAfterProgress(waiting: number, failedClaims: number): number {
  return Math.max(0, Math.min(failedClaims, halvingsOf(waiting)) - 1);
}

function halvingsOf(waiting: number): number {
  return waiting <= 1 ? 0 : Math.ceil(Math.log2(waiting));
}
