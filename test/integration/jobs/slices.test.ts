import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newId } from "../../../src/core/ids.ts";
import type { Explanation } from "../../../src/domains/inference/explanation.ts";
import type { Outcomes } from "../../../src/domains/jobs/claim.ts";
import { JobKeepingStore } from "../../../src/domains/jobs/job-keeping.store.ts";
import { JobsStore } from "../../../src/domains/jobs/jobs.store.ts";
import { SlicesStore } from "../../../src/domains/jobs/slices.store.ts";
import { Slicing } from "../../../src/domains/jobs/slicing.ts";
import { ChargeStore } from "../../../src/domains/usage/charge.store.ts";
import { type LedgerHouse, openLedgerHouse } from "../../support/ledger-house.ts";

let house: LedgerHouse;
let jobs: JobsStore;
/** Two processes. */
let here: SlicesStore;
let there: SlicesStore;

beforeAll(async () => {
  house = await openLedgerHouse();
  jobs = new JobsStore(house.database);
  here = worker("gtw_here");
  there = worker("gtw_there");
});

afterAll(async () => {
  await house.close();
});

/** The claims of one process. */
function worker(instanceId: string): SlicesStore {
  const charges = new ChargeStore(house.database, instanceId);
  return new SlicesStore({
    database: house.database,
    instanceId,
    charge: (sql, requests) => charges.chargeWithin(sql, requests),
    onFinished: async () => undefined,
    resultsRetentionDays: 30,
  });
}

const version = "mdv_test";

async function submit(
  tenantId: string,
  items: number,
  rest: { priority?: number; sliceItems?: number; version?: string; mostInputs?: number } = {},
) {
  const slicing = new Slicing({ items: rest.sliceItems ?? 10, bytes: 1_000_000 });
  const full = Array.from(
    { length: items },
    (_, index) => slicing.add({ line: index + 1, input: { text: "x" } }) ?? [],
  ).flat();
  const last = slicing.rest();
  const job = {
    id: newId("job"),
    modelId: "mod_test",
    modelVersionId: rest.version ?? version,
    alias: undefined,
    topK: 1,
    explanation: undefined,
    mostInputs: rest.mostInputs ?? 1,
    webhookEndpointId: undefined,
    priority: rest.priority ?? 0,
    sliceItems: rest.sliceItems ?? 10,
    apiKeyId: undefined,
    userId: "usr_test",
    source: { kind: "INLINE" as const, slices: last === undefined ? full : [...full, last] },
  };
  const made = await jobs.insert(tenantId, job, { by: { actorId: "usr_test", requestId: undefined }, maxOpen: 1_000 });
  if (typeof made === "string") throw new Error(made);
  return job.id;
}

/** A tenant whose jobs are paid by a user who is a member. */
async function createTenant(quota: number): Promise<string> {
  const tenantId = await house.createTenant({ quota });
  await house.sql(
    "insert into users (id, email, password_hash) values ('usr_test', 'test@example.com', 'x') on conflict do nothing",
  );
  await house.sql("insert into members (tenant_id, user_id, role) values ($1, 'usr_test', 'OWNER')", [tenantId]);
  return tenantId;
}

function answers(count: number, label = "a", evaluations?: number): Outcomes {
  const explanation = evaluations === undefined ? {} : { explanation: explanationOf(evaluations) };
  const output = { index: 0, label, score: 1, scores: [], truncated: false, ...explanation };
  return new Map(
    Array.from({ length: count }, (_, place) => [place, { kind: "SUCCEEDED", output, tokens: 0, computeUs: 5 }]),
  );
}

function explanationOf(evaluations: number): Explanation {
  const values = { dtype: "float32", shape: [1], data: "AAAAAA==" };
  return { method: "OCCLUSION", target: "a", baseline: "0", evaluations, parts: 1, values };
}

async function claimed(store: SlicesStore, costs: Record<string, number> = { [version]: 1 }) {
  const claim = await store.claim(costs);
  if (claim === undefined) throw new Error("there was nothing to claim");
  return claim;
}

const charged = async (tenantId: string) => (await house.eventsOf(tenantId)).length;
const drainAll = async () =>
  await house.sql("update jobs set state = 'CANCELED', finished_at = now() where finished_at is null");

describe("a slice that two workers have", () => {
  test("when its lease ran out: only the later one writes, and each item is charged once", async () => {
    await drainAll();
    const tenantId = await createTenant(100);
    const id = await submit(tenantId, 10);
    const early = await claimed(here);
    expect(await there.claim({ [version]: 1 })).toBeUndefined();
    await house.sql("update job_slices set lease_until = now() where job_id = $1", [id]);
    const late = await claimed(there);
    expect([early.slice, late.slice, late.failedClaims]).toEqual([0, 0, 1]);
    expect(await here.commit(early, answers(10, "early"))).toEqual({ kind: "LOST" });
    expect(await charged(tenantId)).toBe(0);
    expect(await there.commit(late, answers(10, "late"))).toMatchObject({ kind: "COMMITTED", ended: 10 });
    expect(await here.commit(early, answers(10, "early"))).toEqual({ kind: "LOST" });
    expect(await charged(tenantId)).toBe(10);
    expect(await jobs.find(tenantId, id)).toMatchObject({ state: "SUCCEEDED", itemsSucceeded: 10 });
    expect(await house.drift()).toEqual([]);
  });

  test("who both write it at once: one of them does", async () => {
    await drainAll();
    const tenantId = await createTenant(100);
    await submit(tenantId, 10);
    const claim = await claimed(here);
    const outcomes = await Promise.all([here.commit(claim, answers(10)), here.commit(claim, answers(10))]);
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual(["COMMITTED", "LOST"]);
    expect(await charged(tenantId)).toBe(10);
  });

  test("and hand back late: whoever has it now keeps it", async () => {
    await drainAll();
    const tenantId = await createTenant(100);
    const id = await submit(tenantId, 10);
    const early = await claimed(here);
    await house.sql("update job_slices set lease_until = now() where job_id = $1", [id]);
    const late = await claimed(there);
    await here.handBack(early, { isBlameless: false });
    expect(await there.commit(late, answers(10))).toMatchObject({ kind: "COMMITTED" });
  });
});

describe("a slice that does not fit the quota", () => {
  test("is written as far as it fits, the rest waits, and nothing ends twice when it goes on", async () => {
    await drainAll();
    const tenantId = await createTenant(4);
    const id = await submit(tenantId, 10);
    expect(await here.commit(await claimed(here), answers(10))).toEqual({
      kind: "COMMITTED",
      ended: 4,
      isPaused: true,
    });
    expect(await here.claim({ [version]: 1 })).toBeUndefined();
    await house.sql(
      "update plan_limits set quantity = 9 where plan_version_id = (select plan_version_id from subscriptions where tenant_id = $1)",
      [tenantId],
    );
    await house.sql("update jobs set paused_until = now() where id = $1", [id]);
    const probe = await claimed(there);
    expect(probe).toMatchObject({ isProbe: true, slice: 0 });
    // While one finds out, nobody else runs for nothing.
    expect(await here.claim({ [version]: 1 })).toBeUndefined();
    expect(await there.commit(probe, answers(10))).toEqual({ kind: "COMMITTED", ended: 5, isPaused: true });
    expect(await charged(tenantId)).toBe(9);
    expect(await jobs.find(tenantId, id)).toMatchObject({ state: "PAUSED_BY_LIMIT", itemsSucceeded: 9 });
  });
});

describe("the next claim", () => {
  test("is shared between tenants, however many items one of them has", async () => {
    await drainAll();
    const [large, small] = [await createTenant(10_000), await createTenant(10_000)];
    await submit(large, 1_000);
    for (let i = 0; i < 10; i++) await claimed(here);
    await submit(small, 100);
    const next = [];
    for (let i = 0; i < 20; i++) next.push((await claimed(here)).tenantId);
    const ofSmall = next.filter((tenantId) => tenantId === small).length;
    // It begins at once, has its half, and has saved nothing up from before it came.
    expect(next.slice(0, 2)).toContain(small);
    expect(ofSmall).toBeGreaterThanOrEqual(9);
    expect(ofSmall).toBeLessThanOrEqual(11);
  });

  test("is shared by cost: a tenant of a slow model has fewer slices", async () => {
    await drainAll();
    const [slow, fast] = [await createTenant(10_000), await createTenant(10_000)];
    await submit(slow, 1_000, { version: "mdv_slow" });
    await submit(fast, 1_000);
    const next = [];
    for (let i = 0; i < 40; i++) next.push((await claimed(here, { mdv_slow: 3, [version]: 1 })).tenantId);
    expect(next.filter((tenantId) => tenantId === slow).length).toBe(10);
  });

  test("is shared by what items are run as: by the most that they can be, until it is known what they are", async () => {
    await drainAll();
    const [explained, plain] = [await createTenant(100_000), await createTenant(10_000)];
    await submit(explained, 1_000, { mostInputs: 9 });
    await submit(plain, 1_000);
    const next = async (count: number) => {
      const claims = [];
      for (let i = 0; i < count; i++) claims.push(await claimed(here));
      return claims.filter(({ tenantId }) => tenantId === explained);
    };
    const first = await next(40);
    expect(first.length).toBe(4);
    // Two changed inputs each: three times the cost of one that is not explained, not nine times.
    for (const claim of first) await here.commit(claim, answers(10, "a", 2));
    expect((await next(40)).length).toBe(10);
  });

  test("of a tenant is of its most urgent job; among equals a small one does not wait for a large one", async () => {
    await drainAll();
    const tenantId = await createTenant(10_000);
    const large = await submit(tenantId, 1_000);
    for (let i = 0; i < 10; i++) await claimed(here);
    const small = await submit(tenantId, 30);
    const next = [];
    for (let i = 0; i < 6; i++) next.push((await claimed(here)).jobId);
    expect(next.filter((id) => id === small)).toHaveLength(3);
    expect(next.filter((id) => id === large)).toHaveLength(3);
    const urgent = await submit(tenantId, 20, { priority: 1 });
    expect([(await claimed(here)).jobId, (await claimed(here)).jobId]).toEqual([urgent, urgent]);
  });

  test("is of a version that this process can run", async () => {
    await drainAll();
    await submit(await createTenant(100), 10, { version: "mdv_elsewhere" });
    expect(await here.claim({ [version]: 1 })).toBeUndefined();
    expect(await here.claim({ mdv_elsewhere: 1 })).toBeDefined();
  });

  test("of hundreds of workers at once is of another slice each", async () => {
    await drainAll();
    await submit(await createTenant(10_000), 1_000);
    const claims = await Promise.all(Array.from({ length: 100 }, (_, i) => claimed(i % 2 === 0 ? here : there)));
    expect(new Set(claims.map(({ slice }) => slice)).size).toBe(100);
  });
});

test("a job that is canceled takes no more results, and charges none", async () => {
  await drainAll();
  const tenantId = await createTenant(100);
  const id = await submit(tenantId, 20);
  const claim = await claimed(here);
  await jobs.cancel(tenantId, id, { actorId: "usr_test", requestId: undefined });
  expect(await here.commit(claim, answers(10))).toEqual({ kind: "LOST" });
  expect(await here.claim({ [version]: 1 })).toBeUndefined();
  expect(await charged(tenantId)).toBe(0);
});

test.each([
  ["retired", "state = 'RETIRED', retired_at = now() - interval '1 hour'"],
  ["taken out of service", "state = 'QUARANTINED', state_changed_at = now() - interval '1 hour'"],
])(
  "a job whose version was %s, and which nobody can run any more, ends and says so; what was answered stays",
  async (kind, gone) => {
    await drainAll();
    const tenantId = await createTenant(100);
    const versionId = `mdv_${kind.replaceAll(" ", "_")}`;
    await house.sql(
      "insert into models (id, name, description, task) values ('mod_gone', 'gone', 'x', 'TENSOR') on conflict do nothing",
    );
    await house.sql(
      `insert into model_versions (id, model_id, version, digest, manifest, state)
       select $1, 'mod_gone', count(*) + 1, repeat('0', 64), '{}', 'READY' from model_versions where model_id = 'mod_gone'`,
      [versionId],
    );
    const id = await submit(tenantId, 20, { version: versionId });
    await here.commit(await claimed(here, { [versionId]: 1 }), answers(10));
    const keeping = new JobKeepingStore({
      database: house.database,
      isInstanceAlive: () => Promise.resolve(true),
      onFinished: () => Promise.resolve(),
      resultsRetentionDays: 30,
    });
    await house.sql("update jobs set recent_at = now() - interval '2 minutes' where id = $1", [id]);
    // It is served.
    expect(await keeping.finishUnserved()).toBe(0);
    await house.sql(`update model_versions set ${gone} where id = $1`, [versionId]);
    await house.sql("update jobs set recent_at = now() where id = $1", [id]);
    // Somebody was at it a moment ago.
    expect(await keeping.finishUnserved()).toBe(0);
    await house.sql("update jobs set recent_at = now() - interval '2 minutes' where id = $1", [id]);
    expect(await keeping.finishUnserved()).toBe(1);
    expect(await jobs.find(tenantId, id)).toMatchObject({
      state: "PARTIALLY_FAILED",
      failure: { code: "MODEL_NOT_READY" },
      itemsSucceeded: 10,
    });
    expect(await here.claim({ [versionId]: 1 })).toBeUndefined();
  },
);
