import { describe, expect, test } from "vitest";
import { forecast, type HourPoint } from "../../../src/domains/usage/usage-forecast.ts";

const hourMs = 3_600_000;
const now = new Date("2026-11-24T10:00:00Z");
const at = (hoursFromNow: number) => new Date(now.getTime() + hoursFromNow * hourMs);
const hours = (count: number, value: (hour: Date) => number): HourPoint[] =>
  Array.from({ length: count }, (_, i) => ({ hour: at(i - count), value: value(at(i - count)) }));

/** Busy in office hours of working days, and nothing else. */
const office = (hour: Date) => {
  const isWorkday = hour.getUTCDay() >= 1 && hour.getUTCDay() <= 5;
  return isWorkday && hour.getUTCHours() >= 9 && hour.getUTCHours() < 17 ? 100 : 0;
};
const truth = (to: Date) => {
  let sum = 0;
  for (let hour = now.getTime(); hour < to.getTime(); hour += hourMs) sum += office(new Date(hour));
  return sum;
};

describe("with a week of history or more", () => {
  test.each([1, 2, 4])("%i weeks that repeat are continued to the unit, weekends and nights as such", (weeks) => {
    for (const ahead of [5, 24, 4 * 24, 7 * 24, 20 * 24]) {
      const { method, expected } = forecast(hours(weeks * 168, office), { now, endsAt: at(ahead) });
      expect(method).toBe("SEASONAL");
      expect(expected).toBeCloseTo(truth(at(ahead)), 6);
    }
  });

  test("weeks that repeat exactly leave nothing to be unsure of", () => {
    const { expected, low, high } = forecast(hours(2 * 168, office), { now, endsAt: at(240) });
    expect([low, high]).toEqual([expected, expected]);
  });

  test("only the last four weeks count, and what was before them is as if it had never been", () => {
    const known = forecast(hours(4 * 168, office), { now, endsAt: at(100) });
    const longer = [...hours(9 * 168, () => 5_000).slice(0, 5 * 168), ...hours(4 * 168, office)];
    expect(forecast(longer, { now, endsAt: at(100) })).toEqual(known);
  });

  test("four times in five, what comes is within the range: tried on 500 histories of chance", () => {
    let state = 12_345;
    const random = () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
      return state / 0x7fffffff;
    };
    const noisy = (hour: Date) => office(hour) * (0.5 + random());
    let within = 0;
    for (let run = 0; run < 500; run++) {
      const { low, high } = forecast(hours(4 * 168, noisy), { now, endsAt: at(7 * 24) });
      let came = 0;
      for (let i = 0; i < 7 * 24; i++) came += noisy(at(i));
      within += came >= low && came <= high ? 1 : 0;
    }
    expect(within / 500).toBeGreaterThan(0.7);
    expect(within / 500).toBeLessThan(0.95);
  });
});

describe("with less", () => {
  test("every hour to come is like those so far, and parts of hours count as such", () => {
    const half = { now: at(0.5), endsAt: at(10) };
    expect(
      forecast(
        hours(48, () => 10),
        half,
      ),
    ).toEqual({ method: "LINEAR", expected: 95, low: 95, high: 95 });
  });

  test("hours without use since the first one count", () => {
    const sparse = [{ hour: at(-10), value: 100 }];
    expect(forecast(sparse, { now, endsAt: at(5) })).toMatchObject({ method: "LINEAR", expected: 50, low: 0 });
  });

  test("nothing is expected where nothing was, nor of a period that is over", () => {
    const nothing = { method: "LINEAR", expected: 0, low: 0, high: 0 };
    expect(forecast([], { now, endsAt: at(100) })).toEqual(nothing);
    expect(
      forecast(
        hours(48, () => 10),
        { now, endsAt: at(-1) },
      ),
    ).toEqual(nothing);
    expect(forecast([{ hour: now, value: 9 }], { now, endsAt: at(100) })).toEqual(nothing);
  });
});
