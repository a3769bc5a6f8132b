import { describe, expect, test } from "vitest";
import {
  checkUsageQuery,
  rowPeriod,
  splitAtHours,
  totalsOf,
  type UsageInterval,
  type UsageRow,
} from "../../../src/domains/usage/usage-report.ts";

const queryOf = (startsAt: string, endsAt: string, interval?: UsageInterval) => ({
  startsAt: new Date(startsAt),
  endsAt: new Date(endsAt),
  groupBy: [],
  interval,
});
const hours = (split: { wholeFrom: Date; wholeTo: Date }) => [
  split.wholeFrom.toISOString(),
  split.wholeTo.toISOString(),
];

describe("a period is split at whole hours", () => {
  test.each([
    [
      "from hour to hour",
      "2026-11-23T10:00:00.000Z",
      "2026-11-23T12:00:00.000Z",
      ["2026-11-23T10:00:00.000Z", "2026-11-23T12:00:00.000Z"],
    ],
    [
      "with a stump at both ends",
      "2026-11-23T09:59:59.999Z",
      "2026-11-23T12:00:00.001Z",
      ["2026-11-23T10:00:00.000Z", "2026-11-23T12:00:00.000Z"],
    ],
    [
      "over the end of a year",
      "2026-12-31T23:30:00.000Z",
      "2027-01-01T01:30:00.000Z",
      ["2027-01-01T00:00:00.000Z", "2027-01-01T01:00:00.000Z"],
    ],
    [
      "before 1970",
      "1969-12-31T21:30:00.000Z",
      "1969-12-31T23:30:00.000Z",
      ["1969-12-31T22:00:00.000Z", "1969-12-31T23:00:00.000Z"],
    ],
  ])("%s", (_, startsAt, endsAt, whole) => {
    expect(hours(splitAtHours(queryOf(startsAt, endsAt)))).toEqual(whole);
  });

  test.each([
    ["inside one hour", "2026-11-23T10:10:00.000Z", "2026-11-23T10:50:00.000Z"],
    ["over one full hour without a whole hour in it", "2026-11-23T10:30:00.000Z", "2026-11-23T11:30:00.000Z"],
    ["up to the hour", "2026-11-23T10:30:00.000Z", "2026-11-23T11:00:00.000Z"],
  ])("%s there is none: it is all stump", (_, startsAt, endsAt) => {
    expect(hours(splitAtHours(queryOf(startsAt, endsAt)))).toEqual([endsAt, endsAt]);
  });
});

describe("a row's period is its interval, cut to what was asked", () => {
  test.each<[UsageInterval, string, [string, string]]>([
    ["HOUR", "2026-11-23T10:00:00.000Z", ["2026-11-23T10:30:00.000Z", "2026-11-23T11:00:00.000Z"]],
    ["HOUR", "2026-11-23T11:00:00.000Z", ["2026-11-23T11:00:00.000Z", "2026-11-23T12:00:00.000Z"]],
    ["DAY", "2026-11-23T00:00:00.000Z", ["2026-11-23T10:30:00.000Z", "2026-11-24T00:00:00.000Z"]],
    ["DAY", "2027-02-10T00:00:00.000Z", ["2027-02-10T00:00:00.000Z", "2027-02-10T05:15:00.000Z"]],
    ["MONTH", "2026-11-01T00:00:00.000Z", ["2026-11-23T10:30:00.000Z", "2026-12-01T00:00:00.000Z"]],
    ["MONTH", "2026-12-01T00:00:00.000Z", ["2026-12-01T00:00:00.000Z", "2027-01-01T00:00:00.000Z"]],
    ["MONTH", "2027-02-01T00:00:00.000Z", ["2027-02-01T00:00:00.000Z", "2027-02-10T05:15:00.000Z"]],
  ])("%s of %s", (interval, bucket, [startsAt, endsAt]) => {
    const query = queryOf("2026-11-23T10:30:00Z", "2027-02-10T05:15:00Z", interval);
    expect(rowPeriod(query, new Date(bucket))).toEqual({ startsAt: new Date(startsAt), endsAt: new Date(endsAt) });
  });

  test("without an interval it is the whole period", () => {
    const query = queryOf("2026-11-23T10:30:00Z", "2027-02-10T05:15:00Z");
    expect(rowPeriod(query, undefined)).toEqual({ startsAt: query.startsAt, endsAt: query.endsAt });
  });
});

describe("a usage query", () => {
  const days = (count: number) => new Date(Date.UTC(2026, 0, 1) + count * 86_400_000).toISOString();

  test.each<[UsageInterval | undefined, number]>([
    ["HOUR", 92],
    ["DAY", 1_100],
    ["MONTH", 3_660],
    [undefined, 3_660],
  ])("by %s may cover %i days, and not a moment more", (interval, longest) => {
    const query = queryOf(days(0), days(longest), interval);
    expect(checkUsageQuery(query)).toBe(query);
    const longer = { ...query, endsAt: new Date(query.endsAt.getTime() + 1) };
    expect(() => checkUsageQuery(longer)).toThrow(`The period is too long for this interval: at most ${longest} days.`);
  });

  test.each([
    ["ends when it starts", days(1)],
    ["ends before it starts", days(0)],
  ])("whose period %s is refused", (_, endsAt) => {
    expect(() => checkUsageQuery(queryOf(days(1), endsAt))).toThrow("endsAt must be later than startsAt");
  });
});

describe("totals", () => {
  const row = (meter: string, quantity: bigint, amountMicros: bigint): UsageRow => ({
    startsAt: new Date(0),
    endsAt: new Date(1),
    modelId: undefined,
    modelVersionId: undefined,
    apiKeyId: undefined,
    meter,
    quantity,
    amountMicros,
  });

  test("are by meter, in the order of their names, exact beyond what a double can hold", () => {
    const large = 2n ** 62n;
    const rows = [row("inputs", 2n, large), row("compute_ms", 5n, 1n), row("inputs", -1n, 1n)];
    expect(totalsOf(rows)).toEqual([
      { meter: "compute_ms", quantity: 5n, amountMicros: 1n },
      { meter: "inputs", quantity: 1n, amountMicros: large + 1n },
    ]);
    expect(rows[0]?.quantity).toBe(2n);
  });

  test("of nothing are none", () => {
    expect(totalsOf([])).toEqual([]);
  });
});
