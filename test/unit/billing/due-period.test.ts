import { describe, expect, test } from "vitest";
import { type BillingState, decidePeriod } from "../../../src/domains/billing/due-period.ts";

const state: BillingState = {
  anchorDay: 1,
  since: new Date("2026-08-20T10:00:00Z"),
  closedUntil: new Date("2026-10-01"),
};
const october = { startsAt: new Date("2026-10-01"), endsAt: new Date("2026-11-01") };
const decide = (wanted: string | undefined, now: string, of: BillingState = state) =>
  decidePeriod(of, {
    wanted: wanted === undefined ? undefined : new Date(wanted),
    now: new Date(now),
    graceMs: 3_600_000,
  });

describe("the period to invoice", () => {
  test("is the oldest open one, from the moment its grace has passed", () => {
    expect(decide(undefined, "2026-11-01T01:00:00Z")).toEqual({ kind: "ISSUE", period: october });
    expect(decide("2026-10-31T23:00:00Z", "2027-05-01")).toEqual({ kind: "ISSUE", period: october });
  });

  test("is none while it runs, and in its grace", () => {
    const tooEarly = { kind: "TOO_EARLY", period: october, issuableAt: new Date("2026-11-01T01:00:00Z") };
    expect(decide(undefined, "2026-10-15")).toEqual(tooEarly);
    expect(decide("2026-10-15", "2026-11-01T00:59:59.999Z")).toEqual(tooEarly);
  });

  test("does not skip one that is open", () => {
    expect(decide("2026-11-15", "2027-05-01")).toEqual({ kind: "OUT_OF_ORDER", first: october });
  });

  test("may be one that is closed, which has its invoice or had one", () => {
    expect(decide("2026-08-25", "2026-10-05")).toEqual({
      kind: "CLOSED",
      period: { startsAt: new Date("2026-08-01"), endsAt: new Date("2026-09-01") },
    });
  });

  test("is none before there was anything to bill", () => {
    expect(decide("2026-07-31", "2026-10-05").kind).toBe("BEFORE_ALL");
  });

  test("of a tenant that was never invoiced is the one in which it began, on its anchor day", () => {
    const fresh = { ...state, anchorDay: 31, closedUntil: undefined };
    expect(decide(undefined, "2026-12-01", fresh)).toEqual({
      kind: "ISSUE",
      period: { startsAt: new Date("2026-07-31"), endsAt: new Date("2026-08-31") },
    });
  });
});
