import { expect, test } from "vitest";
import { Strikes } from "../../../src/domains/inference/strikes.ts";

const minute = 60_000;

test("the third strike within ten minutes is one too many; strikes that are older do not count", () => {
  const strikes = new Strikes();
  expect([strikes.add("v", 0), strikes.add("v", 5 * minute)]).toEqual([false, false]);
  // The first is forgotten by now.
  expect(strikes.add("v", 10 * minute)).toBe(false);
  expect(strikes.add("v", 10 * minute + 1)).toBe(true);
});

test("each version has strikes of its own, and none once it is forgotten", () => {
  const strikes = new Strikes();
  for (const version of ["a", "b"]) for (let i = 0; i < 2; i++) expect(strikes.add(version, i)).toBe(false);
  strikes.forget("a");
  expect([strikes.add("a", 3), strikes.add("b", 3)]).toEqual([false, true]);
});

test("how many there were is told, of the last ten minutes", () => {
  const strikes = new Strikes();
  strikes.add("v", 0);
  strikes.add("v", 5 * minute);
  expect([strikes.count("v", 6 * minute), strikes.count("v", 12 * minute), strikes.count("w", 0)]).toEqual([2, 1, 0]);
});
