import fc from "fast-check";
import { expect, test } from "vitest";
import { FairQueue, type Queued } from "../../../src/domains/inference/fair-queue.ts";

/** Rows of one tenant, all of one cost. */
class Rows implements Queued {
  readonly tenantId: string;
  readonly weight: number;
  readonly nextCost: number;
  left: number;

  constructor(tenantId: string, { weight = 1, cost = 1, rows = 1 }: { weight?: number; cost?: number; rows?: number }) {
    this.tenantId = tenantId;
    this.weight = weight;
    this.nextCost = cost;
    this.left = rows;
  }
}

function takeFrom(queue: FairQueue<Rows>, isAcceptable?: (rows: Rows) => boolean): Rows | undefined {
  const rows = queue.next(isAcceptable);
  if (rows === undefined) return undefined;
  rows.left--;
  if (rows.left === 0) queue.remove(rows);
  return rows;
}

const quantum = 10;
const someRows = fc.record({
  tenantId: fc.constantFrom("a", "b", "c", "d", "e"),
  cost: fc.integer({ min: 1, max: quantum }),
  rows: fc.integer({ min: 1, max: 20 }),
});
const someTenants = fc.uniqueArray(
  fc.record({
    tenantId: fc.string({ minLength: 1, maxLength: 3 }),
    weight: fc.double({ min: 0.1, max: 10, noNaN: true }),
    cost: fc.integer({ min: 1, max: quantum }),
  }),
  { minLength: 2, maxLength: 8, selector: ({ tenantId }) => tenantId },
);

test("every row is taken once, and a tenant's rows in the order they came", () => {
  fc.assert(
    fc.property(fc.array(someRows, { maxLength: 30 }), (pushed) => {
      const queue = new FairQueue<Rows>(quantum);
      const all = pushed.map(({ tenantId, cost, rows }) => new Rows(tenantId, { cost, rows }));
      for (const rows of all) queue.push(rows);
      const taken: Rows[] = [];
      for (let rows = takeFrom(queue); rows !== undefined; rows = takeFrom(queue)) taken.push(rows);
      for (const tenantId of ["a", "b", "c", "d", "e"]) {
        const wanted = all.flatMap((rows, i) => (rows.tenantId === tenantId ? Array(pushed[i]?.rows).fill(rows) : []));
        expect(taken.filter((rows) => rows.tenantId === tenantId)).toEqual(wanted);
      }
      expect(queue.tenants).toBe(0);
    }),
  );
});

test("tenants who always have something waiting share by weight and cost, to within a turn and a row of each", () => {
  fc.assert(
    fc.property(someTenants, fc.integer({ min: 200, max: 2_000 }), (tenants, draws) => {
      const queue = new FairQueue<Rows>(quantum);
      for (const { tenantId, weight, cost } of tenants) queue.push(new Rows(tenantId, { weight, cost, rows: draws + 1 }));
      const served = new Map(tenants.map(({ tenantId }) => [tenantId, 0]));
      for (let draw = 0; draw < draws; draw++) {
        const rows = takeFrom(queue);
        if (rows !== undefined) served.set(rows.tenantId, (served.get(rows.tenantId) ?? 0) + rows.nextCost);
      }
      // Service over weight is what must be level: in units of it a turn is the quantum, and a row its cost.
      const levels = tenants.map(({ tenantId, weight, cost }) => ({
        level: (served.get(tenantId) ?? 0) / weight,
        slack: quantum + cost / weight,
      }));
      for (const one of levels) {
        for (const other of levels) {
          expect(one.level - other.level).toBeLessThanOrEqual(one.slack + other.slack);
        }
      }
    }),
    { numRuns: 200 },
  );
});

test("a tenant that comes late waits for no more than a turn of each that was there, however much they have queued", () => {
  fc.assert(
    fc.property(someTenants, fc.integer({ min: 0, max: 200 }), (tenants, before) => {
      const queue = new FairQueue<Rows>(quantum);
      for (const { tenantId, weight, cost } of tenants) queue.push(new Rows(tenantId, { weight, cost, rows: 1_000_000 }));
      for (let draw = 0; draw < before; draw++) takeFrom(queue);
      queue.push(new Rows("late one", { weight: 1, cost: quantum }));
      let others = 0;
      for (let rows = takeFrom(queue); rows?.tenantId !== "late one"; rows = takeFrom(queue)) others += rows?.nextCost ?? 0;
      // A turn may bring what was left over of the one before, which is less than a row.
      const bound = tenants.reduce((sum, { weight, cost }) => sum + quantum * weight + cost, 0);
      expect(others).toBeLessThanOrEqual(bound);
    }),
  );
});

test("a tenant of the least weight is served too, and a turn that brings less than a row's cost adds up", () => {
  const queue = new FairQueue<Rows>(1);
  queue.push(new Rows("loud", { weight: 100, rows: 1_000_000 }));
  queue.push(new Rows("faint", { weight: 0, cost: 10 }));
  let others = 0;
  while (takeFrom(queue)?.tenantId !== "faint") others++;
  expect(others).toBeLessThanOrEqual(100_100);
});

test("idle time is no credit: who comes back starts level", () => {
  const queue = new FairQueue<Rows>(1);
  queue.push(new Rows("busy", { rows: 1_000 }));
  for (let i = 0; i < 500; i++) takeFrom(queue);
  queue.push(new Rows("back", { rows: 100 }));
  const next = Array.from({ length: 20 }, () => takeFrom(queue)?.tenantId);
  expect(next.filter((tenantId) => tenantId === "back")).toHaveLength(10);
});

test("what is not acceptable is passed over and keeps its place", () => {
  fc.assert(
    fc.property(fc.array(someRows, { maxLength: 30 }), fc.integer({ min: 1, max: quantum }), (pushed, cost) => {
      const queue = new FairQueue<Rows>(quantum);
      for (const { tenantId, cost: rowCost, rows } of pushed) queue.push(new Rows(tenantId, { cost: rowCost, rows }));
      const count = (matches: boolean) =>
        pushed.reduce((sum, rows) => sum + ((rows.cost === cost) === matches ? rows.rows : 0), 0);
      let chosen = 0;
      while (takeFrom(queue, (rows) => rows.nextCost === cost) !== undefined) chosen++;
      let rest = 0;
      while (takeFrom(queue) !== undefined) rest++;
      expect([chosen, rest]).toEqual([count(true), count(false)]);
    }),
  );
});

test("an item that is removed is not taken, and takes nobody else along", () => {
  const queue = new FairQueue<Rows>(1);
  const [first, second, third] = [new Rows("a", { rows: 3 }), new Rows("a", {}), new Rows("b", {})];
  for (const rows of [first, second, third]) queue.push(rows);
  queue.remove(first);
  queue.remove(first);
  expect([takeFrom(queue), takeFrom(queue), takeFrom(queue)]).toEqual([second, third, undefined]);
});
