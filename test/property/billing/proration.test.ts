import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { daysIn, periodOf } from "../../../src/core/period.ts";
import { daysHeld, prorated } from "../../../src/domains/billing/proration.ts";
import { anyAnchorDay, anyMoment } from "../../support/any-period.ts";

const anyFee = fc.bigInt({ min: 0n, max: 10n ** 12n });

test("a fee of a tenant who changes back and forth between plans of one fee is the whole fee, to the micro-unit", () => {
  fc.assert(
    fc.property(
      anyMoment,
      anyAnchorDay,
      anyFee,
      fc.array(fc.double({ min: 0, max: 1, noNaN: true })),
      (at, anchor, fee, cuts) => {
        const period = periodOf(at, anchor);
        const length = period.endsAt.getTime() - period.startsAt.getTime();
        const changes = cuts
          .map((cut) => new Date(period.startsAt.getTime() + Math.floor(cut * length)))
          .sort((a, b) => +a - +b);
        const bounds = [new Date(+period.startsAt - 5), ...changes];
        const parts = bounds.map((startsAt, index) =>
          prorated(fee, daysHeld(period, { startsAt, endsAt: bounds[index + 1] }), daysIn(period)),
        );
        expect(parts.reduce((sum, part) => sum + part, 0n)).toBe(fee);
      },
    ),
  );
});

test("every day of a period is held once, by the tenure that holds its last instant", () => {
  fc.assert(
    fc.property(anyMoment, anyAnchorDay, anyMoment, (at, anchor, change) => {
      const period = periodOf(at, anchor);
      const [old, next] = [
        daysHeld(period, { startsAt: new Date(0), endsAt: change }),
        daysHeld(period, { startsAt: change, endsAt: undefined }),
      ];
      for (let day = 0; day < daysIn(period); day++) {
        const lastInstant = new Date(period.startsAt.getTime() + (day + 1) * 86_400_000 - 1);
        const holds = ({ from, to }: { from: number; to: number }) => from <= day && day < to;
        expect([holds(old), holds(next)]).toEqual([lastInstant < change, lastInstant >= change]);
      }
    }),
  );
});

describe("by hand, in October of 31 days:", () => {
  const october = periodOf(new Date("2026-10-10"), 1);
  const held = (startsAt: string, endsAt?: string) =>
    daysHeld(october, { startsAt: new Date(startsAt), endsAt: endsAt === undefined ? undefined : new Date(endsAt) });

  test.each([
    ["the whole month", held("2026-09-01"), 0, 31],
    ["from noon of the 11th on", held("2026-10-11T12:00:00Z"), 10, 31],
    ["until noon of the 11th", held("2026-09-01", "2026-10-11T12:00:00Z"), 0, 10],
    ["until midnight that ends the 11th", held("2026-09-01", "2026-10-12T00:00:00Z"), 0, 11],
    ["an hour of one day", held("2026-10-11T12:00:00Z", "2026-10-11T13:00:00Z"), 10, 10],
    ["before the month", held("2026-09-01", "2026-09-30"), 0, 0],
    ["after the month", held("2026-11-01"), 31, 31],
  ])("%s", (_name, span, from, to) => {
    expect(span).toEqual({ from, to });
  });

  test("21 of 31 days of 30.00 are 20.32 and something", () => {
    expect(prorated(30_000_000n, { from: 10, to: 31 }, 31)).toBe(20_322_581n);
  });
});
