import { beforeEach, expect, test } from "vitest";
import { FreshCache } from "../../../src/platform/fresh-cache.ts";
import { HeldNotifications } from "../../support/held-notifications.ts";
import { refusalOf } from "../../support/refusal.ts";

const channel = "tollgate_api_keys";

/** A read that the test answers when it likes. */
interface HeldLoad {
  id: string;
  answer: (value: string | undefined) => void;
  fail: (error: Error) => void;
}

let notifications: HeldNotifications;
let loads: HeldLoad[];
let cache: FreshCache<string>;

beforeEach(() => {
  notifications = new HeldNotifications();
  loads = [];
  cache = cacheOf(3);
});

function cacheOf(maxEntries: number): FreshCache<string> {
  const load = (id: string) =>
    new Promise<string | undefined>((resolve, reject) => loads.push({ id, answer: resolve, fail: reject }));
  return new FreshCache<string>({ notifications, channel, maxEntries, load });
}

function nextLoad(): HeldLoad {
  const load = loads.shift();
  if (load === undefined) throw new Error("Nothing is being loaded.");
  return load;
}

/** Lets everything that waits for nothing but its turn go on. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

async function remember(id: string, value: string): Promise<void> {
  const got = cache.get(id);
  nextLoad().answer(value);
  await got;
}

test("what was read is then there at once, without a promise", async () => {
  await remember("a", "one");
  expect(cache.get("a")).toBe("one");
  expect(loads).toHaveLength(0);
});

test("what does not exist is asked for again each time", async () => {
  const got = cache.get("a");
  nextLoad().answer(undefined);
  await expect(got).resolves.toBeUndefined();
  expect(cache.get("a")).toBeInstanceOf(Promise);
  expect(loads).toHaveLength(1);
});

test("callers who ask for the same id at once share one read", async () => {
  const all = Promise.all([cache.get("a"), cache.get("a"), cache.get("a")]);
  expect(loads).toHaveLength(1);
  nextLoad().answer("one");
  await expect(all).resolves.toEqual(["one", "one", "one"]);
  expect(cache.get("a")).toBe("one");
});

test("a failed read fails for those who shared it, and the next caller reads again", async () => {
  const both = Promise.allSettled([cache.get("a"), cache.get("a")]);
  nextLoad().fail(new Error("down"));
  expect((await both).map((result) => result.status)).toEqual(["rejected", "rejected"]);
  await remember("a", "one");
  expect(cache.get("a")).toBe("one");
});

test("a change drops its id alone", async () => {
  await remember("a", "one");
  await remember("b", "two");
  notifications.change(channel, "a");
  expect(cache.get("a")).toBeInstanceOf(Promise);
  expect(cache.get("b")).toBe("two");
});

test("a change on another channel drops nothing", async () => {
  await remember("a", "one");
  notifications.change("tollgate_users", "a");
  expect(cache.get("a")).toBe("one");
});

test("a gap drops everything", async () => {
  await remember("a", "one");
  await remember("b", "two");
  notifications.gap();
  expect(cache.get("a")).toBeInstanceOf(Promise);
  expect(cache.get("b")).toBeInstanceOf(Promise);
});

test.each(["change", "gap"] as const)("a read that began before a %s is neither stored nor given out", async (what) => {
  const got = cache.get("a");
  const before = nextLoad();
  if (what === "change") notifications.change(channel, "a");
  else notifications.gap();
  before.answer("old");
  await settle();
  nextLoad().answer("new");
  await expect(got).resolves.toBe("new");
  expect(cache.get("a")).toBe("new");
});

test("whoever asks after a change does not share a read that began before it", async () => {
  const early = cache.get("a");
  const before = nextLoad();
  notifications.change(channel, "a");
  const late = cache.get("a");
  nextLoad().answer("new");
  await expect(late).resolves.toBe("new");
  before.answer("old");
  await settle();
  // The early caller asked before the change, but is not given what is known to be out of date either.
  nextLoad().answer("new");
  await expect(early).resolves.toBe("new");
  expect(cache.get("a")).toBe("new");
});

test("an id that never stops changing still gives an answer, and stores none", async () => {
  const got = cache.get("a");
  for (const value of ["1", "2", "3"]) {
    const load = nextLoad();
    notifications.change(channel, "a");
    load.answer(value);
    await settle();
  }
  await expect(got).resolves.toBe("3");
  expect(cache.get("a")).toBeInstanceOf(Promise);
});

test("while changes cannot be heard it reads every time, and callers at once still share a read", async () => {
  await remember("a", "one");
  notifications.current = false;
  const both = Promise.all([cache.get("a"), cache.get("a")]);
  expect(loads).toHaveLength(1);
  nextLoad().answer("two");
  await expect(both).resolves.toEqual(["two", "two"]);
  expect(cache.get("a")).toBeInstanceOf(Promise);
  notifications.current = true;
  expect(cache.get("a")).toBe("two");
});

test("a read that finds nothing while changes cannot be heard does not leave the old value to be served later", async () => {
  await remember("a", "one");
  notifications.current = false;
  const got = cache.get("a");
  nextLoad().answer(undefined);
  await expect(got).resolves.toBeUndefined();
  notifications.current = true;
  expect(cache.get("a")).toBeInstanceOf(Promise);
});

test("the number of entries is bounded, and the ones in use stay", async () => {
  for (const id of ["a", "b", "c"]) await remember(id, id);
  await remember("d", "d");
  expect([cache.get("b"), cache.get("c")]).toEqual(["b", "c"]);
  await remember("e", "e");
  const kept = ["a", "b", "c", "d", "e"].filter((id) => typeof cache.get(id) === "string");
  expect(kept).toHaveLength(3);
  expect(kept).toContain("b");
  expect(kept).toContain("c");
});

test("more reads at once than there may be are refused as OVERLOADED, and later ones let in again", async () => {
  const waiting = Array.from({ length: 256 }, (_, i) => cache.get(`id-${i}`));
  const refused = await refusalOf(Promise.resolve(cache.get("one too many")));
  expect(refused.code).toBe("OVERLOADED");
  expect(refused.retryAfterMs).toBeGreaterThan(0);
  for (const load of loads.splice(0)) load.answer("x");
  await Promise.all(waiting);
  await remember("one more", "y");
});
