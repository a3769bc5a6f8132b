import fc from "fast-check";
import { expect, test } from "vitest";
import { daysIn, periodOf } from "../../../src/core/period.ts";
import { anyAnchorDay, anyMoment } from "../../support/any-period.ts";

test("every moment lies in its period, and in no other", () => {
  fc.assert(
    fc.property(anyMoment, anyAnchorDay, (at, anchorDay) => {
      const { startsAt, endsAt } = periodOf(at, anchorDay);
      expect(startsAt.getTime()).toBeLessThanOrEqual(at.getTime());
      expect(endsAt.getTime()).toBeGreaterThan(at.getTime());
      expect(periodOf(startsAt, anchorDay)).toEqual({ startsAt, endsAt });
      expect(periodOf(new Date(endsAt.getTime() - 1), anchorDay)).toEqual({ startsAt, endsAt });
      expect(periodOf(endsAt, anchorDay).startsAt).toEqual(endsAt);
    }),
  );
});

test("a period starts at midnight on its anchor day, or on the last day of a month that is shorter", () => {
  fc.assert(
    fc.property(anyMoment, anyAnchorDay, (at, anchorDay) => {
      const { startsAt } = periodOf(at, anchorDay);
      expect(startsAt.toISOString()).toMatch(/T00:00:00\.000Z$/);
      const dayAfter = new Date(startsAt.getTime() + 86_400_000);
      if (startsAt.getUTCDate() !== anchorDay) {
        expect(startsAt.getUTCDate()).toBeLessThan(anchorDay);
        expect(dayAfter.getUTCDate()).toBe(1);
      }
    }),
  );
});

test.each([
  { at: "2026-10-15T10:00:00Z", anchorDay: 1, from: "2026-10-01", to: "2026-11-01", days: 31 },
  { at: "2026-02-28T23:59:59.999Z", anchorDay: 31, from: "2026-02-28", to: "2026-03-31", days: 31 },
  { at: "2026-02-27T23:59:59.999Z", anchorDay: 31, from: "2026-01-31", to: "2026-02-28", days: 28 },
  { at: "2028-02-29T00:00:00Z", anchorDay: 30, from: "2028-02-29", to: "2028-03-30", days: 30 },
  { at: "2026-01-05T00:00:00Z", anchorDay: 15, from: "2025-12-15", to: "2026-01-15", days: 31 },
  { at: "2026-12-31T00:00:00Z", anchorDay: 31, from: "2026-12-31", to: "2027-01-31", days: 31 },
])("$at with the anchor day $anchorDay lies in $from to $to, $days days", ({ at, anchorDay, from, to, days }) => {
  const period = periodOf(new Date(at), anchorDay);
  expect(period).toEqual({ startsAt: new Date(from), endsAt: new Date(to) });
  expect(daysIn(period)).toBe(days);
});
