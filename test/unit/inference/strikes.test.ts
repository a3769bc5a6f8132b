import { expect, test } from "vitest";
import { Strikes, type Verdict } from "../../../src/domains/inference/strikes.ts";

const minute = 60_000;

/** Breaks of a shared version by these tenants, one after the other; several names are one batch that they shared. */
function broken(strikes: Strikes, breaks: string[][], startingAt = 0): Verdict["kind"][] {
  return breaks.map(
    (tenants, i) => strikes.add({ versionId: "v", isShared: true, tenantIds: new Set(tenants) }, startingAt + i).kind,
  );
}

const ownedBy = (tenantId: string) => ({ versionId: "own", isShared: false, tenantIds: new Set([tenantId]) });

test("a tenant's own version is quarantined by the third break within ten minutes; older ones do not count", () => {
  const strikes = new Strikes();
  const breakAt = (now: number) => strikes.add(ownedBy("a"), now).kind;
  expect([breakAt(0), breakAt(5 * minute)]).toEqual(["NOTED", "NOTED"]);
  // The first is forgotten by now.
  expect(breakAt(10 * minute)).toBe("NOTED");
  expect(breakAt(10 * minute + 1)).toBe("QUARANTINED");
});

test("a version that breaks while it is loaded is quarantined by the third time, whoever may call it", () => {
  const strikes = new Strikes();
  expect(broken(strikes, [[], [], []])).toEqual(["NOTED", "NOTED", "QUARANTINED"]);
});

test("a tenant who alone breaks a shared version is kept from it for ten minutes, and the version goes on, however often", () => {
  const strikes = new Strikes();
  expect(broken(strikes, [["a"], ["a"], ["a"], ["a"], ["a"]])).toEqual([
    "NOTED",
    "NOTED",
    "WITHHELD",
    "NOTED",
    "NOTED",
  ]);
  expect(strikes.withheldUntil("v", "a", 2)).toBe(2 + 10 * minute);
  expect(strikes.withheldUntil("v", "a", 2 + 10 * minute)).toBeUndefined();
  expect([strikes.withheldUntil("v", "b", 2), strikes.withheldUntil("w", "a", 2)]).toEqual([undefined, undefined]);
});

test("a shared version that breaks for three tenants is quarantined, and so is one to be kept from a second tenant", () => {
  expect(broken(new Strikes(), [["a"], ["b"], ["c"]])).toEqual(["NOTED", "NOTED", "QUARANTINED"]);
  expect(broken(new Strikes(), [["a"], ["a"], ["a"], ["b"], ["b"], ["b"]]).at(-1)).toBe("QUARANTINED");
});

test("a batch that several tenants shared blames none of them, however often: they run alone until one is found", () => {
  const strikes = new Strikes();
  const shared = Array.from({ length: 20 }, (_, i) => ["bad", `tenant ${i}`]);
  expect(new Set(broken(strikes, shared))).toEqual(new Set(["NOTED"]));
  expect(strikes.withheldUntil("v", "bad", 20)).toBeUndefined();
  expect(["bad", "tenant 0", "tenant 19", "a stranger"].map((tenant) => strikes.runsAlone("v", tenant, 20))).toEqual([
    true,
    true,
    true,
    false,
  ]);
  expect(strikes.runsAlone("v", "tenant 0", 11 * minute)).toBe(false);
});

test("a suspect who is answered is one no more; a tenant who broke it alone stays apart for ten minutes", () => {
  const strikes = new Strikes();
  broken(strikes, [["bad", "good"], ["bad"]]);
  for (const tenantId of ["bad", "good"]) strikes.answered({ versionId: "v", tenantId, rows: 63 });
  expect([strikes.runsAlone("v", "bad", 5), strikes.runsAlone("v", "good", 5)]).toEqual([true, true]);
  for (const tenantId of ["bad", "good"]) strikes.answered({ versionId: "v", tenantId, rows: 1 });
  expect([strikes.runsAlone("v", "bad", 5), strikes.runsAlone("v", "good", 5)]).toEqual([true, false]);
  expect(strikes.runsAlone("v", "bad", 11 * minute)).toBe(false);
});

test("each version has strikes of its own, and none once it is forgotten", () => {
  const strikes = new Strikes();
  broken(strikes, [["a"], ["b"]]);
  strikes.add(ownedBy("a"), 3);
  strikes.forget("v");
  expect(broken(strikes, [["c"]], 4)).toEqual(["NOTED"]);
  expect([strikes.add(ownedBy("a"), 5).kind, strikes.add(ownedBy("a"), 6).kind]).toEqual(["NOTED", "QUARANTINED"]);
});

test("how many breaks have a name is told, of the last ten minutes: a version's own, and each tenant's", () => {
  const strikes = new Strikes();
  broken(strikes, [["a"]]);
  broken(strikes, [["a"], ["b"], ["a", "c"], []], 5 * minute);
  expect([strikes.count("v", 6 * minute), strikes.count("v", 12 * minute), strikes.count("w", 0)]).toEqual([4, 3, 0]);
});
