import fc from "fast-check";
import { expect, onTestFinished, test, vi } from "vitest";
import type { RunKind } from "../../../src/domains/inference/accepted-request.ts";
import { FairQueue, type Queued, type Wanted } from "../../../src/domains/inference/fair-queue.ts";
import { FairShares } from "../../../src/domains/inference/fair-shares.ts";

interface RowsOptions {
  weight?: number;
  ms?: number;
  rows?: number;
  kind?: RunKind;
  bucket?: string;
}

/** Rows of one tenant, each of which takes so many milliseconds. */
class Rows implements Queued {
  readonly tenantId: string;
  readonly kind: RunKind;
  readonly weight: number;
  readonly bucket: string | undefined;
  readonly ms: number;
  place = 0;
  left: number;

  constructor(tenantId: string, { weight = 1, ms = 1, rows = 1, kind = "INTERACTIVE", bucket }: RowsOptions = {}) {
    this.tenantId = tenantId;
    this.kind = kind;
    this.weight = weight;
    this.bucket = bucket;
    this.ms = ms;
    this.left = rows;
  }
}

class Queue extends FairQueue<Rows> {
  readonly shares: FairShares;

  constructor(shares = new FairShares()) {
    super(shares);
    this.shares = shares;
  }
}

/** Takes the next row, as a lane does whose batches hold one. */
function takeFrom(queue: Queue, wanted?: Wanted): Rows | undefined {
  const chosen = queue.next(wanted);
  if (chosen === undefined) return undefined;
  const { item, account } = chosen;
  queue.shares.turnTo(account);
  account.serve(item.kind, item.ms);
  item.left--;
  if (item.left === 0) queue.remove(item);
  return item;
}

/** The milliseconds that each of the next so many rows brought, by what is asked of them. */
function served(queue: Queue, draws: number, by: (rows: Rows) => string): Map<string, number> {
  const sums = new Map<string, number>();
  for (let draw = 0; draw < draws; draw++) {
    const rows = takeFrom(queue);
    if (rows !== undefined) sums.set(by(rows), (sums.get(by(rows)) ?? 0) + rows.ms);
  }
  return sums;
}

const byTenant = (rows: Rows) => rows.tenantId;
const longest = 10;
const kinds = ["INTERACTIVE", "EXPLANATION", "JOB"] as const;
const someRows = fc.record({
  tenantId: fc.constantFrom("a", "b", "c", "d", "e"),
  ms: fc.integer({ min: 1, max: longest }),
  rows: fc.integer({ min: 1, max: 20 }),
  kind: fc.constantFrom(...kinds),
  bucket: fc.constantFrom("short", "long"),
});
const someTenants = fc.uniqueArray(
  fc.record({
    tenantId: fc.string({ minLength: 1, maxLength: 3 }),
    weight: fc.double({ min: 0.1, max: 10, noNaN: true }),
    ms: fc.integer({ min: 1, max: longest }),
  }),
  { minLength: 2, maxLength: 8, selector: ({ tenantId }) => tenantId },
);

test("every row is taken once, and a tenant's rows of a kind in the order they came", () => {
  fc.assert(
    fc.property(fc.array(someRows, { maxLength: 30 }), (pushed) => {
      const queue = new Queue();
      const all = pushed.map(({ tenantId, ...options }) => new Rows(tenantId, options));
      for (const rows of all) queue.push(rows);
      const taken: Rows[] = [];
      for (let rows = takeFrom(queue); rows !== undefined; rows = takeFrom(queue)) taken.push(rows);
      for (const tenantId of ["a", "b", "c", "d", "e"]) {
        for (const kind of kinds) {
          const isOfLine = (rows: Rows) => rows.tenantId === tenantId && rows.kind === kind;
          const wanted = all.flatMap((rows, i) => (isOfLine(rows) ? Array(pushed[i]?.rows).fill(rows) : []));
          expect(taken.filter(isOfLine)).toEqual(wanted);
        }
      }
      expect(queue.tenants).toBe(0);
    }),
  );
});

test("tenants who always have something waiting share the time by weight, to within a row of each", () => {
  fc.assert(
    fc.property(someTenants, fc.integer({ min: 200, max: 2_000 }), (tenants, draws) => {
      const queue = new Queue();
      for (const { tenantId, weight, ms } of tenants) queue.push(new Rows(tenantId, { weight, ms, rows: draws + 1 }));
      const times = served(queue, draws, byTenant);
      // Time over weight is what must be level.
      const levels = tenants.map(({ tenantId, weight, ms }) => ({
        level: (times.get(tenantId) ?? 0) / weight,
        slack: ms / weight,
      }));
      for (const one of levels) {
        for (const other of levels) {
          expect(one.level - other.level).toBeLessThanOrEqual(Math.max(one.slack, other.slack) + 1e-6);
        }
      }
    }),
    { numRuns: 200 },
  );
});

test("a tenant that comes late waits for no more than a row of each other, however much they have queued", () => {
  fc.assert(
    fc.property(someTenants, fc.integer({ min: 0, max: 200 }), (tenants, before) => {
      const queue = new Queue();
      for (const { tenantId, weight, ms } of tenants) queue.push(new Rows(tenantId, { weight, ms, rows: 1_000_000 }));
      for (let draw = 0; draw < before; draw++) takeFrom(queue);
      queue.push(new Rows("late one", { weight: 1, ms: longest }));
      let others = 0;
      for (let rows = takeFrom(queue); rows?.tenantId !== "late one"; rows = takeFrom(queue)) others += rows?.ms ?? 0;
      expect(others).toBeLessThanOrEqual(tenants.reduce((sum, { ms }) => sum + ms, 0));
    }),
  );
});

test("a tenant who floods with three kinds gets no more than one who sends of one", () => {
  const queue = new Queue();
  for (const kind of kinds) queue.push(new Rows("many kinds", { kind, rows: 10_000 }));
  queue.push(new Rows("one kind", { kind: "INTERACTIVE", rows: 10_000 }));
  const times = served(queue, 2_000, byTenant);
  expect(times.get("many kinds")).toBe(1_000);
  expect(times.get("one kind")).toBe(1_000);
});

test("of one tenant's kinds, what somebody waits for has four parts, explanations one, jobs four tenths", () => {
  const queue = new Queue();
  for (const kind of kinds) queue.push(new Rows("a", { kind, rows: 10_000 }));
  const times = served(queue, 1_350, (rows) => rows.kind);
  for (const [kind, wanted] of [
    ["INTERACTIVE", 1_000],
    ["EXPLANATION", 250],
    ["JOB", 100],
  ] as const) {
    expect(Math.abs((times.get(kind) ?? 0) - wanted)).toBeLessThanOrEqual(2);
  }
});

test("a tenant who waits in many lanes gets no more than one who waits in one", () => {
  const times = fc.array(fc.integer({ min: 1, max: longest }), { minLength: 2, maxLength: 6 });
  fc.assert(
    fc.property(times, (ms) => {
      const shares = new FairShares();
      // The flood is in all lanes but the last, and the other tenant in the last alone.
      const queues = ms.map((each, i) => {
        const queue = new Queue(shares);
        queue.push(new Rows(i < ms.length - 1 ? "flood" : "quiet", { ms: each, rows: 10_000 }));
        return queue;
      });
      const had = { flood: 0, quiet: 0 };
      for (let draw = 0; draw < 2_000; draw++) {
        const next = queues.toSorted((a, b) => level(a) - level(b))[0];
        const rows = next === undefined ? undefined : takeFrom(next);
        had[rows?.tenantId === "flood" ? "flood" : "quiet"] += rows?.ms ?? 0;
      }
      expect(Math.abs(had.flood - had.quiet)).toBeLessThanOrEqual(longest);
    }),
  );
});

function level(queue: Queue): number {
  return queue.next()?.account.level ?? Number.POSITIVE_INFINITY;
}

test("a tenant of the least weight is served too", () => {
  const queue = new Queue();
  queue.push(new Rows("loud", { weight: 100, rows: 1_000_000 }));
  queue.push(new Rows("faint", { weight: 0, ms: 10 }));
  queue.push(new Rows("faint", { weight: 0, ms: 10 }));
  let others = 0;
  for (let faint = 0; faint < 2; others++) if (takeFrom(queue)?.tenantId === "faint") faint++;
  expect(others).toBeLessThanOrEqual(100_100);
});

test("idle time is no credit: who comes back starts level", () => {
  const queue = new Queue();
  queue.push(new Rows("back", { rows: 1 }));
  takeFrom(queue);
  queue.push(new Rows("busy", { rows: 1_000 }));
  for (let i = 0; i < 500; i++) takeFrom(queue);
  queue.push(new Rows("back", { rows: 100 }));
  const next = Array.from({ length: 20 }, () => takeFrom(queue)?.tenantId);
  expect(next.filter((tenantId) => tenantId === "back")).toHaveLength(10);
});

test("what was taken beyond a tenant's share while others were idle is not held against it, but what it took ahead of them is", () => {
  const queue = new Queue();
  queue.push(new Rows("a", { rows: 500 }));
  for (let i = 0; i < 400; i++) takeFrom(queue);
  queue.push(new Rows("b", { rows: 500 }));
  expect(served(queue, 100, byTenant)).toEqual(
    new Map([
      ["b", 50],
      ["a", 50],
    ]),
  );
  // One batch may take rows of both although one of them stands higher: the next rows make up for it.
  const account = queue.next()?.account;
  account?.correct("INTERACTIVE", 10);
  const times = served(queue, 30, byTenant);
  expect(Math.abs((times.get("a") ?? 0) - (times.get("b") ?? 0))).toBe(10);
});

test("who was charged for longer than it took gets the difference back, and not at the cost of who came meanwhile", () => {
  const queue = new Queue();
  queue.push(new Rows("a", { ms: 1, rows: 1_000 }));
  // One batch of 64 rows that was expected to take a hundred times as long, while another tenant comes.
  const batch = Array.from({ length: 64 }, () => queue.next()?.account);
  const [account] = batch;
  if (account !== undefined) queue.shares.turnTo(account);
  for (const each of batch) each?.serve("INTERACTIVE", 100);
  queue.push(new Rows("b", { ms: 1, rows: 1_000 }));
  for (const each of batch) each?.correct("INTERACTIVE", -99);
  expect(served(queue, 64, byTenant)).toEqual(new Map([["b", 64]]));
  const times = served(queue, 100, byTenant);
  expect(times.get("a")).toBe(50);
});

test("only rows of the bucket, or that somebody waits for, are taken where only these are wanted", () => {
  fc.assert(
    fc.property(fc.array(someRows, { maxLength: 30 }), fc.boolean(), (pushed, onlyInteractive) => {
      const queue = new Queue();
      for (const { tenantId, ...options } of pushed) queue.push(new Rows(tenantId, options));
      const isWanted = ({ bucket, kind }: { bucket: string; kind: RunKind }) =>
        bucket === "short" && (!onlyInteractive || kind === "INTERACTIVE");
      const count = (matches: boolean) =>
        pushed.reduce((sum, rows) => sum + (isWanted(rows) === matches ? rows.rows : 0), 0);
      let chosen = 0;
      while (takeFrom(queue, { bucket: "short", onlyInteractive }) !== undefined) chosen++;
      let rest = 0;
      while (takeFrom(queue) !== undefined) rest++;
      expect([chosen, rest]).toEqual([count(true), count(false)]);
    }),
  );
});

test("an item that is removed is not taken, and takes nobody else along", () => {
  const queue = new Queue();
  const [first, second, third] = [new Rows("a", { rows: 3 }), new Rows("a"), new Rows("b")];
  for (const rows of [first, second, third]) queue.push(rows);
  queue.remove(first);
  queue.remove(first);
  expect([takeFrom(queue), takeFrom(queue), takeFrom(queue)]).toEqual([second, third, undefined]);
});

test("the runners count as shared while two tenants ask within a second, and not while one does", () => {
  const now = vi.spyOn(performance, "now");
  onTestFinished(() => now.mockRestore());
  const queue = new Queue();
  const asks = (tenantId: string, at: number) => {
    now.mockReturnValue(at);
    queue.push(new Rows(tenantId));
    takeFrom(queue);
  };
  for (const at of [0, 100, 200]) asks("a", at);
  expect(queue.shares.isContended(200)).toBe(false);
  asks("b", 300);
  expect([queue.shares.isContended(1_299), queue.shares.isContended(1_300)]).toEqual([true, false]);
});

test("the runners count as shared for as long as one tenant asks now and then beside another that never stops waiting", () => {
  const now = vi.spyOn(performance, "now").mockReturnValue(0);
  onTestFinished(() => now.mockRestore());
  const queue = new Queue();
  queue.push(new Rows("flood", { rows: 1_000 }));
  for (let at = 0; at < 10_000; at += 500) {
    now.mockReturnValue(at);
    queue.push(new Rows("quiet"));
    for (let draw = 0; draw < 4; draw++) takeFrom(queue);
    expect(queue.shares.isContended(at + 499), `at ${at} ms`).toBe(true);
  }
});

test("of very many tenants, those who wait for nothing are forgotten, and those who wait are not", () => {
  const shares = new FairShares();
  const queue = new Queue(shares);
  for (let i = 0; i < 20_000; i++) {
    queue.push(new Rows(`ten_${i}`));
    takeFrom(queue);
  }
  expect(shares.size).toBeLessThan(5_000);
  queue.push(new Rows("waits", { rows: 2 }));
  takeFrom(queue);
  const before = shares.of("waits", 1);
  for (let i = 0; i < 10_000; i++) shares.of(`other_${i}`, 1);
  expect(shares.of("waits", 1)).toBe(before);
});
