import { type Period, periodOf } from "../../core/period.ts";

/** What is known of a tenant when it is asked which of its periods comes next. */
export interface BillingState {
  anchorDay: number;
  /** When there was first anything to bill: when it was made, or its first usage or subscription. */
  since: Date;
  /** Where the last invoiced period ends. Undefined: none was invoiced yet. */
  closedUntil: Date | undefined;
}

/** The oldest period that has no invoice and is still open, whether or not it is over. */
export function openPeriod({ anchorDay, since, closedUntil }: BillingState): Period {
  if (closedUntil === undefined) return periodOf(since, anchorDay);
  // From the close, even if the anchor day was another then: no time falls between two invoices, or into both.
  return { startsAt: closedUntil, endsAt: periodOf(closedUntil, anchorDay).endsAt };
}

export type PeriodVerdict =
  | { kind: "ISSUE"; period: Period }
  /** It was closed before: it has an invoice, or had one that was voided, or had nothing to bill. */
  | { kind: "CLOSED"; period: Period }
  | { kind: "TOO_EARLY"; period: Period; issuableAt: Date }
  | { kind: "OUT_OF_ORDER"; first: Period }
  /** Before there was anything to bill. */
  | { kind: "BEFORE_ALL"; first: Period };

/**
 * Whether a period can be invoiced now: in order, and only when it is over and the grace has passed, in which what was
 * still on its way at the end is booked.
 *
 * @param wanted any moment of the period that is meant. Undefined: the oldest that is open.
 */
export function decidePeriod(
  state: BillingState,
  { wanted, now, graceMs }: { wanted: Date | undefined; now: Date; graceMs: number },
): PeriodVerdict {
  const open = openPeriod(state);
  const first = openPeriod({ ...state, closedUntil: undefined });
  if (wanted !== undefined && wanted < first.startsAt) return { kind: "BEFORE_ALL", first };
  if (wanted !== undefined && wanted < open.startsAt) {
    return { kind: "CLOSED", period: periodOf(wanted, state.anchorDay) };
  }
  if (wanted !== undefined && wanted >= open.endsAt) return { kind: "OUT_OF_ORDER", first: open };
  const issuableAt = new Date(open.endsAt.getTime() + graceMs);
  return now < issuableAt ? { kind: "TOO_EARLY", period: open, issuableAt } : { kind: "ISSUE", period: open };
}
