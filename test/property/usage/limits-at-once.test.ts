import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ChargeRequest } from "../../../src/domains/usage/charge.ts";
import { chargeRequestOf } from "../../support/charge-request.ts";
import { openPlanDesk, type PlanDesk } from "../../support/plan-desk.ts";
import { openTwoGateways, type TwoGateways } from "../../support/two-gateways.ts";

let gateways: TwoGateways;
let desk: PlanDesk;

beforeAll(async () => {
  gateways = await openTwoGateways();
  desk = openPlanDesk((text, values = []) => gateways.sql(text, values));
});

afterAll(async () => {
  await gateways.close();
});

const anyRequest = fc.record({
  quantity: fc.integer({ min: 1, max: 3 }),
  key: fc.constantFrom("key_a", "key_b"),
  computeUs: fc.constantFrom(0, 900, 4_000),
});
const anyTurn = fc.record({
  group: fc.array(anyRequest, { minLength: 1, maxLength: 10 }),
  /** What becomes of each that is admitted: settled, taken back, both, or neither, as by a gateway that died. */
  fates: fc.array(fc.constantFrom("settle", "reverse", "both", "none"), { minLength: 10, maxLength: 10 }),
  computeUs: fc.nat(5_000),
});
const anyLoad = fc.array(fc.array(anyTurn, { minLength: 1, maxLength: 5 }), { minLength: 2, maxLength: 5 });
const anyMost = fc.record({
  inputs: fc.nat(40),
  ofKey: fc.nat(25),
  computeUs: fc.nat(30_000),
  budget: fc.nat(900),
  atOnce: fc.nat(6),
  burst: fc.integer({ min: 1, max: 30 }),
});
type Most = typeof anyMost extends fc.Arbitrary<infer T> ? T : never;
type Turn = typeof anyTurn extends fc.Arbitrary<infer T> ? T : never;

const limitsOf = (most: Most) => [
  { kind: "QUOTA", meter: "inputs", period: "BILLING_PERIOD", quantity: most.inputs },
  { kind: "QUOTA", meter: "inputs", period: "BILLING_PERIOD", quantity: most.ofKey, appliesTo: "EACH_KEY" },
  { kind: "QUOTA", meter: "compute_ms", period: "BILLING_PERIOD", quantity: most.computeUs },
  { kind: "BUDGET", period: "BILLING_PERIOD", quantity: most.budget },
  { kind: "CONCURRENCY_LIMIT", quantity: most.atOnce },
  // Nothing to speak of flows in while a run lasts.
  { kind: "RATE_LIMIT", meter: "requests", quantity: most.burst, refillMicros: 1 },
];

async function work(at: 0 | 1, tenant: string, turns: Turn[]): Promise<string[]> {
  const admitted: string[] = [];
  for (const { group, fates, computeUs } of turns) {
    const requests = group.map(({ quantity, key, ...rest }) =>
      chargeRequestOf(tenant, quantity, { ...rest, apiKeyId: key, leaseMs: 60_000 }),
    );
    const verdicts = await gateways.stores[at].charge(requests);
    const chosen = (fate: string) =>
      requests.filter(
        (_, index) => verdicts[index]?.kind === "ADMITTED" && [fate, "both"].includes(fates[index] ?? ""),
      );
    admitted.push(...requests.flatMap((one, index) => (verdicts[index]?.kind === "ADMITTED" ? one.usageEventId : [])));
    const named = ({ usageEventId }: ChargeRequest) => ({ tenantId: tenant, usageEventId });
    await Promise.all([
      gateways.stores[at].settle(chosen("settle").map((one) => ({ ...named(one), computeUs }))),
      gateways.stores[at].reverse(chosen("reverse").map((one) => ({ ...named(one), reason: "MODEL_FAILED" }))),
    ]);
  }
  return admitted;
}

test("on many connections at once, no hard limit is overshot at any moment, and only what was admitted is in the books", async () => {
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(anyMost, anyLoad, async (most, loads) => {
      const prices = [
        { scheme: "PACKAGE", packageSize: 3, unitPriceMicros: 50 },
        { meter: "compute_ms", unitPriceMicros: 9 },
      ];
      const tenant = await desk.createTenant({ prices, limits: limitsOf(most) });
      const working = Promise.all(loads.map((turns, index) => work(index % 2 === 0 ? 0 : 1, tenant, turns)));
      const watching = watchLeases(tenant, most.atOnce, working);
      const admitted = (await working).flat();
      await watching;
      const events = await gateways.sql(
        `select id, meter, quantity::int, amount_micros::int as amount, api_key_id as key, reverses_id
           from usage_events where tenant_id = $1 order by recorded_at, id`,
        [tenant],
      );
      expectNeverOver(events, most);
      const charged = events.filter((event) => event.meter === "inputs" && event.reverses_id === null);
      expect(charged.map((event) => event.id).sort()).toEqual(admitted.sort());
      expect(charged.length).toBeLessThanOrEqual(most.burst);
      runs++;
    }),
    { numRuns: 150, interruptAfterTimeLimit: 60_000, markInterruptAsFailure: false },
  );
  // Fewer, on however slow a machine, would prove too little.
  expect(runs).toBeGreaterThanOrEqual(25);
  expect(await gateways.drift()).toEqual([]);
});

/** Looks at the leases again and again while the work goes on. */
async function watchLeases(tenant: string, most: number, working: Promise<unknown>): Promise<void> {
  let isDone = false;
  const done = working.finally(() => {
    isDone = true;
  });
  while (!isDone) {
    const [row] = await gateways.sql("select count(*)::int as leases from concurrency_leases where tenant_id = $1", [
      tenant,
    ]);
    expect(row?.["leases"]).toBeLessThanOrEqual(most);
  }
  await done;
}

/** In the order in which they were decided, since one lock orders them; the meters of one request belong together. */
function expectNeverOver(
  events: { meter: string; quantity: number; amount: number; key: string; reverses_id: string | null }[],
  most: Most,
): void {
  const used = { inputs: 0, compute_ms: 0, amount: 0, key_a: 0, key_b: 0 } as Record<string, number>;
  const add = (name: string, more: number) => {
    used[name] = (used[name] ?? 0) + more;
  };
  for (const event of events) {
    add(event.meter, event.quantity);
    add("amount", event.amount);
    if (event.meter === "inputs") add(event.key, event.quantity);
    if (event.reverses_id !== null) continue;
    expect(used["inputs"]).toBeLessThanOrEqual(most.inputs);
    expect(used["compute_ms"]).toBeLessThanOrEqual(most.computeUs);
    expect(used["amount"]).toBeLessThanOrEqual(most.budget);
    expect(Math.max(used["key_a"] ?? 0, used["key_b"] ?? 0)).toBeLessThanOrEqual(most.ofKey);
  }
}
