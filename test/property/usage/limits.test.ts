import fc from "fast-check";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { newId } from "../../../src/core/ids.ts";
import type { ChargeRequest, ChargeVerdict } from "../../../src/domains/usage/charge.ts";
import { chargeRequestOf } from "../../support/charge-request.ts";
import { LimitsModel, type ModelPlan, type ModelRequest } from "../../support/limits-model.ts";
import { type LimitRow, openPlanDesk, type PlanDesk, type PriceRow } from "../../support/plan-desk.ts";
import { openTwoGateways, type TwoGateways } from "../../support/two-gateways.ts";

let gateways: TwoGateways;
let desk: PlanDesk;
let crashing: pg.Client;

beforeAll(async () => {
  gateways = await openTwoGateways();
  desk = openPlanDesk((text, values = []) => gateways.sql(text, values));
  // The clock of the ledger in the test's hand: all else is the real thing.
  await gateways.sql("create table held_clock (at timestamptz not null)", []);
  await gateways.sql("insert into held_clock values (now())", []);
  await gateways.sql("grant select on held_clock to tollgate_system, tollgate_app", []);
  await gateways.sql(
    "create or replace function tollgate_now() returns timestamptz language sql volatile as 'select at from held_clock'",
    [],
  );
  // The clock goes years, so to say, in both directions.
  await gateways.sql(
    "select make_usage_month((date_trunc('month', now()) + make_interval(months => n))::date) from generate_series(-4, 9) n",
    [],
  );
  crashing = new pg.Client({ connectionString: gateways.url });
  await crashing.connect();
});

afterAll(async () => {
  await crashing.end();
  await gateways.close();
});

const small = fc.integer({ min: 0, max: 30 });
const anyInputsPrice: fc.Arbitrary<PriceRow> = fc.oneof(
  fc.record({ unitPriceMicros: small, included: fc.nat(6) }),
  fc.record({ scheme: fc.constant("PACKAGE"), unitPriceMicros: small, packageSize: fc.integer({ min: 1, max: 5 }) }),
  fc.record({ scheme: fc.constant("FLAT"), unitPriceMicros: small, included: fc.nat(6) }),
  fc.record({
    scheme: fc.constantFrom("GRADUATED", "VOLUME"),
    included: fc.nat(4),
    tiers: fc.tuple(fc.integer({ min: 1, max: 6 }), small, small, small, small).map(([upTo, a, b, c, d]) => [
      { upTo, unitPriceMicros: a, flatMicros: b },
      { upTo: null, unitPriceMicros: c, flatMicros: d },
    ]),
  }),
);
const anyPeriod = fc.constantFrom("HOUR", "DAY", "BILLING_PERIOD");
const scope = fc.constantFrom("TENANT", "EACH_KEY");
const anyLimit: fc.Arbitrary<LimitRow> = fc.oneof(
  fc.record({
    kind: fc.constant("QUOTA"),
    meter: fc.constant("inputs"),
    period: anyPeriod,
    quantity: fc.nat(25),
    appliesTo: scope,
  }),
  fc.record({
    kind: fc.constant("QUOTA"),
    meter: fc.constant("compute_ms"),
    period: anyPeriod,
    quantity: fc.nat(20_000),
    appliesTo: scope,
  }),
  fc.record({ kind: fc.constant("BUDGET"), period: anyPeriod, quantity: fc.nat(400), appliesTo: scope }),
  fc.record({
    kind: fc.constant("RATE_LIMIT"),
    meter: fc.constantFrom("inputs", "requests"),
    quantity: fc.integer({ min: 1, max: 12 }),
    refillMicros: fc.integer({ min: 1, max: 5_000_000 }),
    appliesTo: scope,
  }),
  fc.record({ kind: fc.constant("CONCURRENCY_LIMIT"), quantity: fc.nat(4), appliesTo: scope }),
  fc.record({ kind: fc.constant("REQUEST_INPUTS"), quantity: fc.nat(6), appliesTo: scope }),
);
const anyPlan = fc.record({
  prices: fc
    .tuple(anyInputsPrice, fc.option(small, { nil: undefined }))
    .map(([inputs, compute]) =>
      compute === undefined ? [inputs] : [inputs, { meter: "compute_ms", unitPriceMicros: compute }],
    ),
  limits: fc.uniqueArray(anyLimit, {
    maxLength: 5,
    selector: ({ kind, meter, period, appliesTo }) => JSON.stringify([kind, meter, period, appliesTo]),
  }),
});

const anyRequest = fc.record({
  quantity: fc.integer({ min: 1, max: 6 }),
  key: fc.constantFrom("key_a", "key_b"),
  computeUs: fc.constantFrom(0, 700, 2_500, 6_000),
  leaseMs: fc.option(fc.constantFrom(1_000, 60_000), { nil: undefined }),
});
const from = fc.constantFrom(0 as const, 1 as const);
const anyStep = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("charge" as const),
      from,
      group: fc.array(anyRequest, { minLength: 1, maxLength: 10 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("crash" as const),
      group: fc.array(anyRequest, { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("settle" as const), from, which: fc.nat(40), computeUs: fc.nat(7_000) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("reverse" as const), from, which: fc.nat(40) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("advance" as const),
      ms: fc.constantFrom(400, 2_000, 61_000, 3_600_000, 86_400_000, 12 * 86_400_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("stepBack" as const),
      ms: fc.constantFrom(500, 3_600_000, 40 * 86_400_000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("changePlan" as const), to: fc.nat(1) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("setOwn" as const), quota: fc.option(fc.nat(20), { nil: undefined }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("closePeriod" as const) }) },
);
type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;

/** The same steps, done to the database and to the model. */
class Run {
  readonly model: LimitsModel;
  readonly #tenant: string;
  readonly #plans: ModelPlan[];
  readonly #admitted: string[] = [];

  constructor(tenant: string, plans: [ModelPlan, ModelPlan], times: { clock: number; anchorDay: number }) {
    this.#tenant = tenant;
    this.#plans = plans;
    this.model = new LimitsModel(plans[0], times);
    this.model.pricesOf = (versionId) => plans.find((plan) => plan.versionId === versionId)?.prices ?? [];
  }

  async take(step: Step): Promise<void> {
    const { model } = this;
    switch (step.do) {
      case "charge":
        return await this.#charge(step.group, step.from);
      case "crash":
        return await this.#crash(step.group);
      case "settle": {
        const usageEventId = this.#chosen(step.which);
        if (usageEventId === undefined) return;
        await gateways.stores[step.from].settle([{ tenantId: this.#tenant, usageEventId, computeUs: step.computeUs }]);
        return model.settle(usageEventId, step.computeUs);
      }
      case "reverse": {
        const usageEventId = this.#chosen(step.which);
        if (usageEventId === undefined) return;
        const reversal = { tenantId: this.#tenant, usageEventId, reason: "MODEL_FAILED" as const };
        await gateways.stores[step.from].reverse([reversal, reversal]);
        return model.reverse(usageEventId);
      }
      case "advance":
        return await this.#setClock(model.clock + step.ms);
      case "stepBack":
        return await this.#setClock(model.clock - step.ms);
      case "changePlan":
        return await this.#changePlan(this.#plans[step.to] ?? model.plan);
      case "setOwn":
        return await this.#setOwn(step.quota);
      case "closePeriod": {
        model.closedUntil = Math.max(model.closedUntil, model.periodAt(model.now).start);
        const closing = "update tenant_ledgers set closed_until = $2 where tenant_id = $1";
        await gateways.sql(closing, [this.#tenant, new Date(model.closedUntil)]);
      }
    }
  }

  async #charge(group: Omit<ModelRequest, "id">[], at: 0 | 1): Promise<void> {
    const requests = group.map((one) => this.#requestOf(one));
    const verdicts: ChargeVerdict[] = await gateways.stores[at].charge(requests);
    for (const [index, request] of requests.entries()) {
      const { quantity, computeUs, leaseMs, apiKeyId: key = "" } = request;
      const right = this.model.charge({ id: request.usageEventId, quantity, key, computeUs, leaseMs });
      expect([...right]).toContain(verdicts[index]?.kind);
      if (verdicts[index]?.kind === "ADMITTED") this.#admitted.push(request.usageEventId);
    }
  }

  /** Postgres ends in the middle: what the charge had decided never was. */
  async #crash(group: Omit<ModelRequest, "id">[]): Promise<void> {
    const records = group.map((one, ord) => {
      const { usageEventId, tenantId, inferenceId, modelId, modelVersionId, apiKeyId, leaseMs, computeUs } =
        this.#requestOf(one);
      return {
        ord,
        event_id: usageEventId,
        tenant_id: tenantId,
        inference_id: inferenceId,
        quantity: one.quantity,
        model_id: modelId,
        model_version_id: modelVersionId,
        api_key_id: apiKeyId,
        lease_ms: leaseMs,
        compute_us: computeUs,
      };
    });
    await crashing.query("begin");
    await crashing.query("select * from charge_usage($1::json, 'gtw_crashed')", [JSON.stringify(records)]);
    await crashing.query("rollback");
  }

  async #setClock(at: number): Promise<void> {
    this.model.clock = at;
    await gateways.sql("update held_clock set at = $1", [new Date(at)]);
  }

  async #changePlan(plan: ModelPlan): Promise<void> {
    const { model } = this;
    if (plan.versionId === model.plan.versionId) return;
    const at = new Date(model.now + 1);
    await gateways.sql("update subscriptions set ends_at = $2 where tenant_id = $1 and ends_at is null", [
      this.#tenant,
      at,
    ]);
    await gateways.sql(
      "insert into subscriptions (id, tenant_id, plan_version_id, starts_at) values ($1, $2, $3, $4)",
      [newId("subscription"), this.#tenant, plan.versionId, at],
    );
    await gateways.sql("update tenant_ledgers set last_at = $2 where tenant_id = $1", [this.#tenant, at]);
    model.lastAt = at.getTime();
    model.plan = plan;
  }

  async #setOwn(quota: number | undefined): Promise<void> {
    await gateways.sql("delete from tenant_limits where tenant_id = $1", [this.#tenant]);
    const limit: LimitRow | undefined =
      quota === undefined ? undefined : { kind: "QUOTA", meter: "inputs", period: "DAY", quantity: quota };
    if (limit !== undefined) await desk.setTenantLimit(this.#tenant, limit);
    this.model.own = limit;
  }

  #requestOf({ quantity, key, computeUs, leaseMs }: Omit<ModelRequest, "id">): ChargeRequest {
    return chargeRequestOf(this.#tenant, quantity, { apiKeyId: key, computeUs, leaseMs });
  }

  #chosen(which: number): string | undefined {
    return this.#admitted[which % (this.#admitted.length || 1)];
  }
}

/** The first day of a month that has partitions around it, so that the clock may go both ways. */
const start = Date.UTC(new Date().getUTCFullYear(), new Date().getUTCMonth(), 2, 5);

test("whatever is charged, crashes, settles, is taken back or ends, and whatever time, plan and limits do, each verdict and each micro-unit is the model's", async () => {
  let runs = 0;
  const steps = fc.array(anyStep, { minLength: 2, maxLength: 16, size: "max" });
  await fc.assert(
    fc.asyncProperty(anyPlan, anyPlan, fc.constantFrom(1, 5, 31), steps, async (one, two, anchorDay, all) => {
      await gateways.sql("update held_clock set at = $1", [new Date(start)]);
      const tenant = await desk.createTenant({ ...one, anchorDay });
      const [{ plan_version_id: first }] = await gateways.sql(
        "update subscriptions set starts_at = '2020-01-01' where tenant_id = $1 returning plan_version_id",
        [tenant],
      );
      const plans = [
        { ...one, versionId: first },
        { ...two, versionId: await desk.createPlan(two) },
      ] as [ModelPlan, ModelPlan];
      const run = new Run(tenant, plans, { clock: start, anchorDay });
      for (const step of all) await run.take(step);
      expect(await bookedBy(tenant)).toEqual(groupsOf(run.model));
      runs++;
    }),
    { numRuns: 400, interruptAfterTimeLimit: 75_000, markInterruptAsFailure: false },
  );
  // Fewer, on however slow a machine, would prove too little.
  expect(runs).toBeGreaterThanOrEqual(50);
  expect(await gateways.drift()).toEqual([]);
});

type Groups = Record<string, [quantity: number, amount: number]>;

async function bookedBy(tenant: string): Promise<Groups> {
  const rows = await gateways.sql(
    `select period_starts_at, plan_version_id, meter, is_late, sum(quantity)::int as quantity, sum(amount_micros)::int as amount
       from usage_events where tenant_id = $1 group by 1, 2, 3, 4`,
    [tenant],
  );
  return Object.fromEntries(
    rows.map((row) => [
      [row.period_starts_at.toISOString(), row.plan_version_id, row.meter, row.is_late].join(" "),
      [row.quantity, row.amount],
    ]),
  );
}

function groupsOf({ events }: LimitsModel): Groups {
  const groups: Groups = {};
  for (const { period, version, meter, isLate, quantity, amount } of events) {
    const name = [new Date(period).toISOString(), version, meter, isLate].join(" ");
    const [held, cost] = groups[name] ?? [0, 0];
    groups[name] = [held + quantity, cost + amount];
  }
  return groups;
}
