/** When a change of plan takes place. */
export const changeTimes = ["NOW", "PERIOD_END"] as const;
export type ChangeTime = (typeof changeTimes)[number];

/** A tenant on a plan version, from a moment to a moment. */
export interface Subscription {
  id: string;
  tenantId: string;
  planVersionId: string;
  startsAt: Date;
  /** Undefined: it has no end yet. */
  endsAt: Date | undefined;
}
