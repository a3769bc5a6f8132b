import { expect, test } from "vitest";
import { seededHours } from "../../../src/domains/usage/usage-seed.ts";

const period = { startsAt: new Date("2026-01-01T00:30:00Z"), endsAt: new Date("2026-03-01T00:10:00Z") };

test.each([1, 999, 1_000_003])("%i events are all given to whole hours of the period", (events) => {
  const hours = seededHours(period, events);
  expect(hours.reduce((sum, hour) => sum + hour.events, 0)).toBe(events);
  expect(hours[0]?.hour).toEqual(new Date("2026-01-01T01:00:00Z"));
  expect(hours.at(-1)?.hour).toEqual(new Date("2026-02-28T23:00:00Z"));
  expect(hours.every((hour) => hour.events >= 0)).toBe(true);
});

test("the day is busier than the night, and the week than its end", () => {
  const hours = seededHours(period, 1_000_000);
  const of = (iso: string) => hours.find(({ hour }) => hour.getTime() === Date.parse(iso))?.events ?? 0;
  expect(of("2026-02-25T13:00:00Z")).toBeGreaterThan(3 * of("2026-02-25T03:00:00Z"));
  expect(of("2026-02-25T13:00:00Z")).toBeGreaterThan(3 * of("2026-02-28T13:00:00Z"));
});
