import fc from "fast-check";
import { expect, test } from "vitest";
import { available, burnDown, type CreditBalance, isUsable } from "../../../src/domains/billing/credits.ts";

const periodEndsAt = new Date("2026-11-01");
const anyExpiry = fc.option(
  fc.integer({ min: -40, max: 40 }).map((days) => new Date(periodEndsAt.getTime() + days * 86_400_000)),
  { nil: undefined },
);
const anyGrant = fc.record({
  amountMicros: fc.bigInt({ min: 1n, max: 100n }),
  used: fc.bigInt({ min: 0n, max: 100n }),
  priority: fc.integer({ min: 0, max: 3 }),
  expiresAt: anyExpiry,
  day: fc.integer({ min: 1, max: 28 }),
});
const anyGrants = fc.array(anyGrant, { maxLength: 8 }).map((grants) =>
  grants.map(
    ({ amountMicros, used, priority, expiresAt, day }, index): CreditBalance => ({
      id: `crg_${index}`,
      tenantId: "ten_a",
      amountMicros,
      remainingMicros: used > amountMicros ? 0n : amountMicros - used,
      currency: "EUR",
      priority,
      expiresAt,
      reason: "test",
      grantedAt: new Date(Date.UTC(2026, 8, day)),
    }),
  ),
);

test("credits are never taken below zero, never out of an expired grant, and to the unit what was asked for", () => {
  fc.assert(
    fc.property(anyGrants, fc.double({ min: 0, max: 1, noNaN: true }), (grants, share) => {
      const most = available(grants, periodEndsAt);
      const asked = BigInt(Math.floor(Number(most) * share));
      const uses = burnDown(grants, asked, periodEndsAt);
      expect(uses.reduce((sum, use) => sum + use.amountMicros, 0n)).toBe(asked);
      for (const { grantId, amountMicros } of uses) {
        const grant = grants.find(({ id }) => id === grantId);
        expect(amountMicros).toBeGreaterThan(0n);
        expect(grant && amountMicros <= grant.remainingMicros && isUsable(grant, periodEndsAt)).toBe(true);
      }
      expect(() => burnDown(grants, most + 1n, periodEndsAt)).toThrow(/not covered/);
    }),
  );
});

test("no grant is touched while one that comes before it has anything left", () => {
  fc.assert(
    fc.property(anyGrants, fc.double({ min: 0, max: 1, noNaN: true }), (grants, share) => {
      const asked = BigInt(Math.floor(Number(available(grants, periodEndsAt)) * share));
      const uses = new Map(burnDown(grants, asked, periodEndsAt).map((use) => [use.grantId, use.amountMicros]));
      const usable = grants.filter((grant) => isUsable(grant, periodEndsAt));
      for (const first of usable) {
        const isUsedUp = (uses.get(first.id) ?? 0n) === first.remainingMicros;
        const later = usable.filter((other) => comesBefore(first, other) && uses.has(other.id));
        if (!isUsedUp) expect(later).toEqual([]);
      }
    }),
  );
});

/** By priority, then by expiry, then by age: said once more, in other words than the code's. */
function comesBefore(a: CreditBalance, b: CreditBalance): boolean {
  if (a.priority !== b.priority) return a.priority < b.priority;
  const [expiryA, expiryB] = [a, b].map((grant) => grant.expiresAt?.getTime() ?? Number.MAX_SAFE_INTEGER);
  if (expiryA !== expiryB) return (expiryA ?? 0) < (expiryB ?? 0);
  return a.grantedAt < b.grantedAt;
}
