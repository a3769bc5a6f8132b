import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ChargeRequest } from "../../../src/domains/usage/charge.ts";
import { ChargeModel } from "../../support/charge-model.ts";
import { type Asked, anyAsked, anyQuotas, idempotencyKeys, requestOf } from "../../support/charge-request.ts";
import { cachesFor, holders, openTwoGateways, type TwoGateways } from "../../support/two-gateways.ts";

let gateways: TwoGateways;

beforeAll(async () => {
  gateways = await openTwoGateways();
});

afterAll(async () => {
  await gateways.close();
});

const gateway = fc.constantFrom(0 as const, 1 as const);
const key = fc.constantFrom(...idempotencyKeys);
const group = fc.array(anyAsked, { minLength: 1, maxLength: 8 });
const anyStep = fc.oneof(
  { arbitrary: fc.record({ do: fc.constant("charge" as const), gateway, group }), weight: 6 },
  {
    arbitrary: fc.record({
      do: fc.constant("reverse" as const),
      gateway,
      which: fc.array(fc.nat(60), { minLength: 1, maxLength: 4 }),
    }),
    weight: 3,
  },
  { arbitrary: fc.record({ do: fc.constant("abandon" as const), gateway, one: anyAsked }), weight: 1 },
  {
    arbitrary: fc.record({
      do: fc.constantFrom("takeOver" as const, "answer" as const, "expire" as const),
      gateway,
      tenant: fc.nat(2),
      key,
    }),
    weight: 2,
  },
  { arbitrary: fc.record({ do: fc.constant("setQuota" as const), tenant: fc.nat(1), quota: fc.nat(60) }), weight: 1 },
);
type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;
type KeyStep = Extract<Step, { key: string }>;

const keySql = {
  takeOver: "update idempotency_keys set holder = $3 where tenant_id = $1 and key = $2 and answer is null",
  answer: "update idempotency_keys set answer = '{}' where tenant_id = $1 and key = $2 and $3 <> ''",
  expire: "update idempotency_keys set expires_at = now() where tenant_id = $1 and key = $2 and $3 <> ''",
};

/** The same steps, done to the database and to the model. */
class Sequence {
  readonly model = new ChargeModel();
  readonly #tenants: string[];
  readonly #sent: ChargeRequest[] = [];
  #abandoned: ChargeRequest[] = [];

  constructor(tenants: string[], quotas: (number | undefined)[]) {
    this.#tenants = tenants;
    for (const [index, tenant] of tenants.entries()) this.model.quotas.set(tenant, quotas[index]);
  }

  async take(next: Step): Promise<void> {
    switch (next.do) {
      case "charge":
        return await this.#charge(next.group, next.gateway);
      case "reverse":
        return await this.#reverse(this.#chosen(next.which), next.gateway);
      case "abandon": {
        const request = requestOf(next.one, this.#tenants);
        this.#abandoned.push(request);
        return await this.#reverse([request], next.gateway);
      }
      case "takeOver":
      case "answer":
      case "expire":
        return await this.#changeKey(next);
      case "setQuota": {
        const tenant = this.#tenants[next.tenant] ?? "";
        await gateways.setQuota(tenant, next.quota);
        this.model.quotas.set(tenant, next.quota);
      }
    }
  }

  async #charge(asked: Asked[], from: 0 | 1): Promise<void> {
    // What was abandoned comes after all, with the next group.
    const requests = [...this.#abandoned, ...asked.map((one) => requestOf(one, this.#tenants))];
    this.#abandoned = [];
    this.#sent.push(...requests);
    const verdicts = await gateways.stores[from].charge(requests);
    const predicted = requests.map((request) => this.model.charge(request, holders[from]));
    expect(verdicts.map((verdict) => verdict.kind)).toEqual(predicted);
  }

  async #reverse(requests: ChargeRequest[], from: 0 | 1): Promise<void> {
    await gateways.stores[from].reverse(
      requests.map(({ tenantId, usageEventId }) => ({ tenantId, usageEventId, reason: "MODEL_FAILED" })),
    );
    for (const { usageEventId } of requests) this.model.reverse(usageEventId, holders[from]);
  }

  async #changeKey({ do: change, tenant: index, key: name, gateway: from }: KeyStep): Promise<void> {
    const tenant = this.#tenants[index] ?? "";
    await gateways.sql(keySql[change], [tenant, name, holders[from]]);
    if (change === "takeOver") this.model.takeOver(tenant, name, holders[from]);
    if (change === "answer") this.model.storeAnswer(tenant, name);
    if (change === "expire") this.model.expire(tenant, name);
  }

  /** Of what was admitted: a refusal is never taken back, as there is nothing to take. */
  #chosen(which: number[]): ChargeRequest[] {
    const admitted = this.#sent.filter((request) =>
      this.model.eventsOf(request.tenantId).includes(request.usageEventId),
    );
    return which.flatMap((at) => admitted[at % (admitted.length || 1)] ?? []);
  }
}

test("one after the other, every request gets the verdict that the model predicts, and the books are the model's", async () => {
  let runs = 0;
  const steps = fc.array(anyStep, { minLength: 1, maxLength: 12, size: "max" });
  await fc.assert(
    fc.asyncProperty(anyQuotas, steps, async (quotas, all) => {
      const tenants = await gateways.createTenants(quotas);
      const sequence = new Sequence(tenants, quotas);
      for (const next of all) await sequence.take(next);
      for (const tenant of tenants) {
        const { events, caches } = await gateways.booksOf(tenant);
        expect(caches).toEqual(cachesFor(events));
        expect(caches["used"]).toBe(sequence.model.usedBy(tenant));
        const charged = events.filter((event) => event.reverses_id === null).map((event) => event.id);
        expect(charged.sort()).toEqual(sequence.model.eventsOf(tenant).sort());
      }
      runs++;
    }),
    { numRuns: 300, interruptAfterTimeLimit: 60_000, markInterruptAsFailure: false },
  );
  // Fewer, on however slow a machine, would prove too little.
  expect(runs).toBeGreaterThanOrEqual(50);
  expect(await gateways.drift()).toEqual([]);
});
