import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ChargeRequest, ChargeVerdict } from "../../../src/domains/usage/charge.ts";
import { anyAsked, anyQuotas, chargeRequestOf, requestOf } from "../../support/charge-request.ts";
import { type BookedEvent, cachesFor, openTwoGateways, type TwoGateways } from "../../support/two-gateways.ts";

const timeLimit = { interruptAfterTimeLimit: 45_000, markInterruptAsFailure: false } as const;

let gateways: TwoGateways;

beforeAll(async () => {
  gateways = await openTwoGateways();
});

afterAll(async () => {
  await gateways.close();
});

interface Decided {
  requests: ChargeRequest[];
  verdicts: ChargeVerdict[];
}

const anyLoad = fc.array(
  fc.record({
    from: fc.constantFrom(0 as const, 1 as const),
    group: fc.array(anyAsked, { minLength: 1, maxLength: 12 }),
    /** What becomes of each, if it is admitted: 0 is answered, 1 fails and is taken back, 2 is so twice at once. */
    fates: fc.array(fc.nat(2), { minLength: 12, maxLength: 12 }),
  }),
  { minLength: 2, maxLength: 14 },
);
type Load = typeof anyLoad extends fc.Arbitrary<(infer T)[]> ? T : never;

/** Charges a group, and takes back at once what is to fail. */
async function chargeAndFail({ from, group, fates }: Load, tenants: string[]): Promise<Decided> {
  const requests = group.map((one) => requestOf(one, tenants));
  const verdicts = await gateways.stores[from].charge(requests);
  const reversalsOf = (least: number) =>
    requests.flatMap(({ tenantId, usageEventId }, index) => {
      const isToFail = verdicts[index]?.kind === "ADMITTED" && (fates[index] ?? 0) >= least;
      return isToFail ? [{ tenantId, usageEventId, reason: "MODEL_FAILED" as const }] : [];
    });
  await Promise.all([gateways.stores[from].reverse(reversalsOf(1)), gateways.stores[from].reverse(reversalsOf(2))]);
  return { requests, verdicts };
}

const anyChanges = fc.array(fc.record({ tenant: fc.nat(1), quota: fc.nat(60) }), { maxLength: 4 });

test("on two gateways at once, no quota is passed, a key has one net charge at the most, and the books agree", async () => {
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(anyQuotas, anyLoad, anyChanges, async (quotas, loads, changes) => {
      const tenants = await gateways.createTenants(quotas);
      const changing = async () => {
        for (const { tenant, quota } of changes) await gateways.setQuota(tenants[tenant] ?? "", quota);
      };
      const [decided] = await Promise.all([Promise.all(loads.map((one) => chargeAndFail(one, tenants))), changing()]);
      for (const [index, tenant] of tenants.entries()) {
        const { events, caches } = await gateways.booksOf(tenant);
        expect(caches).toEqual(cachesFor(events));
        const ownChanges = changes.filter((change) => change.tenant === index);
        expectNeverOver(events, Math.max(quotas[index] ?? 0, ...ownChanges.map((change) => change.quota)));
        expectOneNetChargePerKey(events);
        expectOnlyAdmittedCharged(events, decided, tenant);
        for (const group of decided) expectGreedy(group, tenant);
      }
      runs++;
    }),
    { numRuns: 300, ...timeLimit },
  );
  // Fewer, on however slow a machine, would prove too little.
  expect(runs).toBeGreaterThanOrEqual(50);
  expect(await gateways.drift()).toEqual([]);
});

test("of units asked for at once on two gateways, exactly as many are admitted as are left", async () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 2, maxLength: 10 });
  await fc.assert(
    fc.asyncProperty(fc.nat(60), sizes, async (quota, groups) => {
      const [tenant = ""] = await gateways.createTenants([quota]);
      const unitsOf = (size: number) => Array.from({ length: size }, () => chargeRequestOf(tenant, 1));
      const verdicts = await Promise.all(
        groups.map((size, index) => gateways.stores[index % 2 === 0 ? 0 : 1].charge(unitsOf(size))),
      );
      const admitted = verdicts.flat().filter((verdict) => verdict.kind === "ADMITTED");
      const wanted = groups.reduce((sum, size) => sum + size, 0);
      expect(admitted).toHaveLength(Math.min(quota, wanted));
      expect((await gateways.booksOf(tenant)).events).toHaveLength(Math.min(quota, wanted));
    }),
    { numRuns: 100, ...timeLimit },
  );
});

/** @param largest the largest quota that was ever in force. */
function expectNeverOver(events: BookedEvent[], largest: number): void {
  let used = 0;
  for (const event of events) {
    used += event.quantity;
    if (event.reverses_id === null) expect(used).toBeLessThanOrEqual(largest);
  }
}

function expectOneNetChargePerKey(events: BookedEvent[]): void {
  const net = new Map<string, number>();
  for (const { key, quantity } of events) if (key !== null) net.set(key, (net.get(key) ?? 0) + Math.sign(quantity));
  for (const [key, charges] of net) expect(charges, `net charges of ${key}`).toBeLessThanOrEqual(1);
}

function expectOnlyAdmittedCharged(events: BookedEvent[], decided: Decided[], tenant: string): void {
  const admitted = decided.flatMap(({ requests, verdicts }) =>
    requests.filter((request, index) => request.tenantId === tenant && verdicts[index]?.kind === "ADMITTED"),
  );
  const charged = events.filter((event) => event.reverses_id === null).map((event) => event.id);
  expect(charged.sort()).toEqual(admitted.map((request) => request.usageEventId).sort());
}

/**
 * While a group is decided nobody else changes its tenants' counters. So from what one verdict says was used, the ones
 * behind it follow: in order, each by what is left, and a refused large one does not refuse a small one behind it.
 */
function expectGreedy({ requests, verdicts }: Decided, tenant: string): void {
  let used: number | undefined;
  for (const [index, verdict] of verdicts.entries()) {
    const { tenantId, quantity } = requests[index] ?? { tenantId: "", quantity: 0 };
    if (tenantId !== tenant) continue;
    if (verdict.kind === "QUOTA_EXCEEDED") {
      used ??= verdict.limit.used;
      expect(verdict.limit.used).toBe(used);
      expect(used + quantity).toBeGreaterThan(verdict.limit.limit);
    }
    if (verdict.kind === "ADMITTED" && used !== undefined) used += quantity;
  }
}
