import fc from "fast-check";
import { expect, test } from "vitest";
import { FairQueue, type Queued } from "../../../src/domains/inference/fair-queue.ts";

/** Rows of one tenant, all of one cost. */
class Rows implements Queued {
  readonly flowId: string;
  readonly weight: number;
  readonly nextCost: number;
  left: number;

  constructor(flowId: string, { weight = 1, cost = 1, rows = 1 }: { weight?: number; cost?: number; rows?: number }) {
    this.flowId = flowId;
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

/** The cost of the rows that each tenant had of the next so many. */
function costServed(queue: FairQueue<Rows>, draws: number): Map<string, number> {
  const served = new Map<string, number>();
  for (let draw = 0; draw < draws; draw++) {
    const rows = takeFrom(queue);
    if (rows !== undefined) served.set(rows.flowId, (served.get(rows.flowId) ?? 0) + rows.nextCost);
  }
  return served;
}

const dearest = 10;
const someRows = fc.record({
  flowId: fc.constantFrom("a", "b", "c", "d", "e"),
  cost: fc.integer({ min: 1, max: dearest }),
  rows: fc.integer({ min: 1, max: 20 }),
});
const someTenants = fc.uniqueArray(
  fc.record({
    flowId: fc.string({ minLength: 1, maxLength: 3 }),
    weight: fc.double({ min: 0.1, max: 10, noNaN: true }),
    cost: fc.integer({ min: 1, max: dearest }),
  }),
  { minLength: 2, maxLength: 8, selector: ({ flowId }) => flowId },
);

test("every row is taken once, and a tenant's rows in the order they came", () => {
  fc.assert(
    fc.property(fc.array(someRows, { maxLength: 30 }), (pushed) => {
      const queue = new FairQueue<Rows>();
      const all = pushed.map(({ flowId, cost, rows }) => new Rows(flowId, { cost, rows }));
      for (const rows of all) queue.push(rows);
      const taken: Rows[] = [];
      for (let rows = takeFrom(queue); rows !== undefined; rows = takeFrom(queue)) taken.push(rows);
      for (const flowId of ["a", "b", "c", "d", "e"]) {
        const wanted = all.flatMap((rows, i) => (rows.flowId === flowId ? Array(pushed[i]?.rows).fill(rows) : []));
        expect(taken.filter((rows) => rows.flowId === flowId)).toEqual(wanted);
      }
      expect(queue.flows).toBe(0);
    }),
  );
});

test("tenants who always have something waiting share by weight and cost, to within a turn and a row of each", () => {
  fc.assert(
    fc.property(someTenants, fc.integer({ min: 200, max: 2_000 }), (tenants, draws) => {
      const queue = new FairQueue<Rows>();
      for (const { flowId, weight, cost } of tenants) queue.push(new Rows(flowId, { weight, cost, rows: draws + 1 }));
      const served = costServed(queue, draws);
      // Service over weight is what must be level: in units of it a turn is one, and a row its cost.
      const levels = tenants.map(({ flowId, weight, cost }) => ({
        level: (served.get(flowId) ?? 0) / weight,
        slack: 1 + cost / weight,
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

test("a tenant that comes late waits for no more than what is due to the others meanwhile, however much they have queued", () => {
  fc.assert(
    fc.property(someTenants, fc.integer({ min: 0, max: 200 }), (tenants, before) => {
      const queue = new FairQueue<Rows>();
      for (const { flowId, weight, cost } of tenants) queue.push(new Rows(flowId, { weight, cost, rows: 1_000_000 }));
      for (let draw = 0; draw < before; draw++) takeFrom(queue);
      queue.push(new Rows("late one", { weight: 1, cost: dearest }));
      let others = 0;
      for (let rows = takeFrom(queue); rows?.flowId !== "late one"; rows = takeFrom(queue))
        others += rows?.nextCost ?? 0;
      // Its row needs so many turns; another may be at its turn, and have left over what did not do for a row.
      const bound = tenants.reduce((sum, { weight, cost }) => sum + (dearest + 1) * weight + cost, 0);
      expect(others).toBeLessThanOrEqual(bound);
    }),
  );
});

test("a tenant of the least weight is served too, and a turn that brings less than a row's cost adds up", () => {
  const queue = new FairQueue<Rows>();
  queue.push(new Rows("loud", { weight: 100, rows: 1_000_000 }));
  queue.push(new Rows("faint", { weight: 0, cost: 10 }));
  let others = 0;
  while (takeFrom(queue)?.flowId !== "faint") others++;
  expect(others).toBeLessThanOrEqual(100_100);
});

test("idle time is no credit: who comes back starts level", () => {
  const queue = new FairQueue<Rows>();
  queue.push(new Rows("busy", { rows: 1_000 }));
  for (let i = 0; i < 500; i++) takeFrom(queue);
  queue.push(new Rows("back", { rows: 100 }));
  const next = Array.from({ length: 20 }, () => takeFrom(queue)?.flowId);
  expect(next.filter((flowId) => flowId === "back")).toHaveLength(10);
});

test("what is not acceptable is passed over and keeps its place", () => {
  fc.assert(
    fc.property(fc.array(someRows, { maxLength: 30 }), fc.integer({ min: 1, max: dearest }), (pushed, cost) => {
      const queue = new FairQueue<Rows>();
      for (const { flowId, cost: rowCost, rows } of pushed) queue.push(new Rows(flowId, { cost: rowCost, rows }));
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
  const queue = new FairQueue<Rows>();
  const [first, second, third] = [new Rows("a", { rows: 3 }), new Rows("a", {}), new Rows("b", {})];
  for (const rows of [first, second, third]) queue.push(rows);
  queue.remove(first);
  queue.remove(first);
  expect([takeFrom(queue), takeFrom(queue), takeFrom(queue)]).toEqual([second, third, undefined]);
});

test("rows that cost thousands of turns take no thousands of turns to find", () => {
  const queue = new FairQueue<Rows>();
  for (const flowId of ["a", "b", "c"]) queue.push(new Rows(flowId, { cost: 1e12, weight: 0.5, rows: 2 }));
  const order = Array.from({ length: 6 }, () => takeFrom(queue)?.flowId);
  expect(order).toEqual(["a", "b", "c", "a", "b", "c"]);
});
