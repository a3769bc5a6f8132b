import { describe, expect, test } from "vitest";
import type { FeeTenure } from "../../../src/domains/billing/fee-lines.ts";
import { planChangePreview, type WantedPlanChange } from "../../../src/domains/billing/plan-change.ts";

const october = { startsAt: new Date("2026-10-01"), endsAt: new Date("2026-11-01") };
const now = new Date("2026-10-11T15:00:00Z");

const plan = (planName: string, fee: bigint) => ({
  planVersionId: `plv_${planName}`,
  planName,
  planVersion: 1,
  flatFeeMicros: fee,
});

const tenure = (planName: string, fee: bigint, from: string, to?: string): FeeTenure => ({
  ...plan(planName, fee),
  startsAt: new Date(from),
  endsAt: to === undefined ? undefined : new Date(to),
});

const preview = (tenures: FeeTenure[], change: Pick<WantedPlanChange, "when" | "next">) =>
  planChangePreview(tenures, { now, period: october, currency: "EUR", ...change });

const basic = tenure("basic", 31_000_000n, "2026-01-01");
const pro = plan("pro", 62_000_000n);

describe("what a change of plan would come to", () => {
  test("now: the rest of the old fee comes back, and the share of the new one is asked for", () => {
    const { isChange, startsAt, before, after, differenceMicros } = preview([basic], { when: "NOW", next: pro });
    expect({ isChange, startsAt }).toEqual({ isChange: true, startsAt: now });
    expect(before.map(({ payableMicros }) => payableMicros)).toEqual([31_000_000n]);
    expect(after.map(({ payableMicros }) => payableMicros)).toEqual([31_000_000n, -21_000_000n, 42_000_000n]);
    expect(differenceMicros).toBe(21_000_000n);
  });

  test("at the period's end: nothing, in the period that runs", () => {
    const { startsAt, differenceMicros } = preview([basic], { when: "PERIOD_END", next: pro });
    expect({ startsAt, differenceMicros }).toEqual({ startsAt: october.endsAt, differenceMicros: 0n });
  });

  test("for the version that runs: nothing, and a change that was to come is withdrawn", () => {
    const leaving = tenure("basic", 31_000_000n, "2026-01-01", "2026-10-20");
    const coming = tenure("pro", 62_000_000n, "2026-10-20");
    const { isChange, after } = preview([leaving, coming], { when: "NOW", next: plan("basic", 31_000_000n) });
    expect(isChange).toBe(false);
    expect(after.map(({ description, payableMicros }) => [description, payableMicros])).toEqual([
      ["basic v1: flat fee", 31_000_000n],
    ]);
  });

  test("for whoever has no plan: it begins now, whatever was asked", () => {
    const { startsAt, differenceMicros } = preview([], { when: "PERIOD_END", next: pro });
    expect({ startsAt, differenceMicros }).toEqual({ startsAt: now, differenceMicros: 42_000_000n });
  });

  test("of a plan that was left earlier in the period, what was paid stays paid", () => {
    const left = tenure("old", 31_000_000n, "2026-01-01", "2026-10-05");
    const running = tenure("basic", 31_000_000n, "2026-10-05");
    const { after } = preview([left, running], { when: "NOW", next: pro });
    expect(after.map(({ payableMicros }) => payableMicros)).toEqual([
      31_000_000n,
      -27_000_000n,
      27_000_000n,
      -21_000_000n,
      42_000_000n,
    ]);
  });
});
