import { describe, expect, test } from "vitest";
import { type FeeTenure, feeLines } from "../../../src/domains/billing/fee-lines.ts";

const october = { startsAt: new Date("2026-10-01"), endsAt: new Date("2026-11-01") };

function tenure(planName: string, fee: bigint, from: string, to?: string): FeeTenure {
  return {
    planVersionId: `plv_${planName}`,
    planName,
    planVersion: 1,
    flatFeeMicros: fee,
    startsAt: new Date(from),
    endsAt: to === undefined ? undefined : new Date(to),
  };
}

const shown = (tenures: FeeTenure[]) =>
  feeLines(october, tenures).map(({ kind, quantity, amountMicros, description }) => [
    kind,
    quantity,
    amountMicros,
    description,
  ]);

describe("the fees of October", () => {
  test("are one whole fee, when nothing changes", () => {
    expect(shown([tenure("basic", 31_000_000n, "2026-01-01")])).toEqual([
      ["FLAT_FEE", 31n, 31_000_000n, "basic v1: flat fee"],
    ]);
  });

  test("of a change on the 11th are the old plan's, the credit of its unused days, and the new plan's from that day on", () => {
    const tenures = [
      tenure("pro", 62_000_000n, "2026-10-11T15:00:00Z"),
      tenure("basic", 31_000_000n, "2026-01-01", "2026-10-11T15:00:00Z"),
    ];
    expect(shown(tenures)).toEqual([
      ["FLAT_FEE", 31n, 31_000_000n, "basic v1: flat fee"],
      ["FLAT_FEE_CREDIT", 21n, -21_000_000n, "basic v1: credit for the unused part of the fee, 21 of 31 days"],
      ["FLAT_FEE", 21n, 42_000_000n, "pro v1: flat fee, 21 of 31 days"],
    ]);
  });

  test("of a tenant that came on the 31st are one day's", () => {
    expect(shown([tenure("basic", 31_000_000n, "2026-10-31T23:59:59.999Z")])).toEqual([
      ["FLAT_FEE", 1n, 1_000_000n, "basic v1: flat fee, 1 of 31 days"],
    ]);
  });

  test("of a plan that was left on the day it was taken are none, and so are those of a plan without a fee", () => {
    const tenures = [
      tenure("basic", 31_000_000n, "2026-10-11T09:00:00Z", "2026-10-11T10:00:00Z"),
      tenure("free", 0n, "2026-10-11T10:00:00Z"),
    ];
    expect(shown(tenures)).toEqual([]);
  });

  test("of a change at the period's end are the old plan's alone", () => {
    const tenures = [
      tenure("basic", 31_000_000n, "2026-01-01", "2026-11-01"),
      tenure("pro", 62_000_000n, "2026-11-01"),
    ];
    expect(shown(tenures)).toEqual([["FLAT_FEE", 31n, 31_000_000n, "basic v1: flat fee"]]);
  });
});
