import { beforeEach, describe, expect, test } from "vitest";
import { GroupCommit } from "../../../src/platform/group-commit.ts";
import { outcomesOf, refusalOf } from "../../support/refusal.ts";

/** Commits that end when the test says so, and what they were given. */
class HeldCommits {
  readonly groups: number[][] = [];
  readonly #open: { items: number[]; resolve: (results: string[]) => void; reject: (error: Error) => void }[] = [];

  readonly commit = (items: number[]): Promise<string[]> => {
    this.groups.push(items);
    return new Promise((resolve, reject) => this.#open.push({ items, resolve, reject }));
  };

  get inFlight(): number {
    return this.#open.length;
  }

  async finish(): Promise<void> {
    const one = this.#open.shift();
    one?.resolve(one.items.map((item) => `done ${item}`));
    await tick();
  }

  async fail(message: string): Promise<void> {
    this.#open.shift()?.reject(new Error(message));
    await tick();
  }
}

const tick = () => new Promise<void>((resolve) => setImmediate(resolve));
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

let commits: HeldCommits;
const groupCommit = (options: Partial<{ maxGroup: number; maxInFlight: number; maxWaiting: number }> = {}) =>
  new GroupCommit({ commit: commits.commit, maxGroup: 100, maxInFlight: 1, maxWaiting: 1_000, ...options });

beforeEach(() => {
  commits = new HeldCommits();
});

describe("a group commit", () => {
  test("sends a lone caller off at once, and gives them their result", async () => {
    const result = groupCommit().add(7);
    await tick();
    expect(commits.groups).toEqual([[7]]);
    await commits.finish();
    expect(await result).toBe("done 7");
  });

  test("sends together what was asked in one tick", async () => {
    const group = groupCommit();
    for (const item of range(0, 5)) void group.add(item);
    await tick();
    expect(commits.groups).toEqual([[0, 1, 2, 3, 4]]);
    expect(group.waiting).toBe(0);
  });

  test("makes what queued during a commit the next group, in the order in which it was asked", async () => {
    const group = groupCommit();
    const results = [group.add(0)];
    await tick();
    for (const item of range(1, 4)) {
      results.push(group.add(item));
      await tick();
    }
    expect(commits.groups).toEqual([[0]]);
    await commits.finish();
    expect(commits.groups).toEqual([[0], [1, 2, 3]]);
    await commits.finish();
    expect(await Promise.all(results)).toEqual(["done 0", "done 1", "done 2", "done 3"]);
  });

  test("never has more groups on their way than it may, nor larger ones", async () => {
    const group = groupCommit({ maxGroup: 3, maxInFlight: 2 });
    const results = range(0, 10).map((item) => group.add(item));
    await tick();
    expect(commits.groups).toEqual([range(0, 3), range(3, 6)]);
    let most = 0;
    while (commits.inFlight > 0) {
      most = Math.max(most, commits.inFlight);
      await commits.finish();
    }
    expect(most).toBe(2);
    expect(commits.groups).toEqual([range(0, 3), range(3, 6), range(6, 9), [9]]);
    expect(await Promise.all(results)).toEqual(range(0, 10).map((item) => `done ${item}`));
  });

  test("fails everybody in a group whose commit fails, and nobody else", async () => {
    const group = groupCommit({ maxGroup: 2, maxInFlight: 2 });
    const results = range(0, 6).map((item) => group.add(item));
    const settled = Promise.allSettled(results);
    await tick();
    // While the last two still wait, and two others are on their way.
    await commits.fail("the disk is full");
    await commits.finish();
    await commits.finish();
    expect((await settled).map((one) => (one.status === "fulfilled" ? one.value : one.reason.message))).toEqual([
      "the disk is full",
      "the disk is full",
      "done 2",
      "done 3",
      "done 4",
      "done 5",
    ]);
  });

  test("works on after a commit that failed with nobody waiting", async () => {
    const group = groupCommit();
    const failed = group.add(0).catch((error: Error) => error.message);
    await tick();
    await commits.fail("away");
    expect(await failed).toBe("away");
    const next = group.add(1);
    await tick();
    await commits.finish();
    expect(await next).toBe("done 1");
  });

  test("refuses who comes when too many wait, with a time after which to come back that grows with the queue", async () => {
    const refusedAt = async (maxWaiting: number) => {
      const group = groupCommit({ maxWaiting, maxGroup: 10 });
      void group.add(0);
      await tick();
      for (const item of range(0, maxWaiting)) void group.add(item);
      const refusal = await refusalOf((async () => await group.add(99))());
      return { code: refusal.code, retryAfterMs: refusal.retryAfterMs ?? 0 };
    };
    const short = await refusedAt(10);
    const long = await refusedAt(1_000);
    expect([short.code, long.code]).toEqual(["OVERLOADED", "OVERLOADED"]);
    expect(short.retryAfterMs).toBeGreaterThan(0);
    expect(long.retryAfterMs).toBeGreaterThan(50 * short.retryAfterMs);
  });

  test("has room again when the queue has moved on", async () => {
    const group = groupCommit({ maxWaiting: 2 });
    const works = [group.add(0)];
    await tick();
    works.push(group.add(1), group.add(2));
    expect((await refusalOf((async () => await group.add(3))())).code).toBe("OVERLOADED");
    await commits.finish();
    works.push(group.add(4));
    await commits.finish();
    await commits.finish();
    expect(await outcomesOf(works)).toEqual({ DONE: 4 });
  });
});
