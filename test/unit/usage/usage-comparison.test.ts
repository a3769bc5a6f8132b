import { describe, expect, test } from "vitest";
import { compareRows, periodBefore } from "../../../src/domains/usage/usage-comparison.ts";
import {
  rowPeriod,
  type UsageInterval,
  type UsageQuery,
  type UsageRow,
} from "../../../src/domains/usage/usage-report.ts";

const queryOf = (startsAt: string, endsAt: string, interval?: UsageInterval): UsageQuery => ({
  startsAt: new Date(startsAt),
  endsAt: new Date(endsAt),
  groupBy: ["MODEL"],
  interval,
});

describe("the period before", () => {
  test.each([
    ["of a month is the month before, however long", "2026-03-01T00:00Z", "2026-04-01T00:00Z", "2026-02-01T00:00Z"],
    ["of a quarter is the quarter before", "2026-01-01T00:00Z", "2026-04-01T00:00Z", "2025-10-01T00:00Z"],
    ["of a year is the year before", "2025-01-01T00:00Z", "2026-01-01T00:00Z", "2024-01-01T00:00Z"],
    ["of seven days is the seven before", "2026-03-08T00:00Z", "2026-03-15T00:00Z", "2026-03-01T00:00Z"],
    ["of anything else is as long", "2026-03-01T00:00Z", "2026-03-31T12:30Z", "2026-01-29T11:30Z"],
  ])("%s", (_, startsAt, endsAt, before) => {
    expect(periodBefore(queryOf(startsAt, endsAt))).toEqual({ startsAt: new Date(before), endsAt: new Date(startsAt) });
  });
});

function rowOf(query: UsageQuery, bucket: string | undefined, quantity: bigint, modelId = "mod_a"): UsageRow {
  return {
    ...rowPeriod(query, bucket === undefined ? undefined : new Date(bucket)),
    ...{ modelId, modelVersionId: undefined, apiKeyId: undefined, meter: "inputs" },
    ...{ quantity, amountMicros: quantity * 100n },
  };
}

describe("a row is beside", () => {
  const shown = (query: UsageQuery, rows: UsageRow[], before: UsageRow[]) =>
    compareRows(query, { rows, before }).map((row) => [
      row.startsAt.toISOString(),
      row.modelId,
      row.quantity,
      row.previous.quantity,
    ]);

  test("the same group of the same day, and with nothing where there was nothing", () => {
    const query = queryOf("2026-03-08T00:00Z", "2026-03-15T00:00Z", "DAY");
    const earlier = { ...query, ...periodBefore(query) };
    const rows = [
      rowOf(query, "2026-03-08", 5n),
      rowOf(query, "2026-03-10", 6n),
      rowOf(query, "2026-03-10", 7n, "mod_b"),
    ];
    const before = [rowOf(earlier, "2026-03-03", 60n), rowOf(earlier, "2026-03-04", 4n)];
    expect(shown(query, rows, before)).toEqual([
      ["2026-03-08T00:00:00.000Z", "mod_a", 5n, 0n],
      ["2026-03-10T00:00:00.000Z", "mod_a", 6n, 60n],
      ["2026-03-10T00:00:00.000Z", "mod_b", 7n, 0n],
      ["2026-03-11T00:00:00.000Z", "mod_a", 0n, 4n], // what there was before and is no more
    ]);
  });

  test("the same day of a longer or shorter month", () => {
    const query = queryOf("2026-02-01T00:00Z", "2026-03-01T00:00Z", "DAY");
    const earlier = { ...query, ...periodBefore(query) };
    const before = [rowOf(earlier, "2026-01-28", 28n), rowOf(earlier, "2026-01-31", 31n)];
    // February has no 31st to show January's beside: it counts in the totals alone.
    expect(shown(query, [rowOf(query, "2026-02-28", 1n)], before)).toEqual([
      ["2026-02-28T00:00:00.000Z", "mod_a", 1n, 28n],
    ]);
  });

  test("the whole period before, without an interval", () => {
    const query = queryOf("2026-03-01T00:00Z", "2026-04-01T00:00Z");
    const earlier = { ...query, ...periodBefore(query) };
    expect(shown(query, [rowOf(query, undefined, 3n)], [rowOf(earlier, undefined, 2n)])).toEqual([
      ["2026-03-01T00:00:00.000Z", "mod_a", 3n, 2n],
    ]);
  });

  test("the same hour, where the period begins within one", () => {
    const query = queryOf("2026-03-08T10:30Z", "2026-03-08T12:30Z", "HOUR");
    const earlier = { ...query, ...periodBefore(query) };
    expect(shown(query, [rowOf(query, "2026-03-08T11:00Z", 3n)], [rowOf(earlier, "2026-03-08T09:00Z", 2n)])).toEqual([
      ["2026-03-08T11:00:00.000Z", "mod_a", 3n, 2n],
    ]);
  });
});
