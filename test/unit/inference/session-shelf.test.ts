import { expect, test } from "vitest";
import type { LoadedVersion } from "../../../src/domains/inference/loaded-version.ts";
import { versionToLoad } from "../../../src/domains/inference/loaded-version.ts";
import { cheapestRoom, evictionFor, SessionShelf } from "../../../src/domains/inference/session-shelf.ts";
import { tinyModel } from "../../support/tiny-models.ts";

let sessions = 0;
const taking = (memoryBytes: number): LoadedVersion => ({
  ...versionToLoad(tinyModel("sum"), ++sessions),
  memoryBytes,
});
const shelved = (bytes: number, usedAt: number) => ({ version: taking(bytes), usedAt });

test("as many as needed go, and those first that were used longest ago", () => {
  const [old, older, recent] = [shelved(10, 200), shelved(10, 100), shelved(10, 300)];
  const all = [old, older, recent];
  expect(evictionFor(all, { neededBytes: 20, budgetBytes: 50 })).toEqual([]);
  expect(evictionFor(all, { neededBytes: 21, budgetBytes: 50 })).toEqual([older]);
  expect(evictionFor(all, { neededBytes: 40, budgetBytes: 50 })).toEqual([older, old]);
  expect(evictionFor(all, { neededBytes: 50, budgetBytes: 50 })).toEqual([older, old, recent]);
  expect(evictionFor(all, { neededBytes: 51, budgetBytes: 50 })).toBeUndefined();
});

test("a version goes where it fits as it is; where it fits nowhere, to where what must go was used longest ago", () => {
  const runner = (...held: { version: LoadedVersion; usedAt: number }[]) => {
    const shelf = new SessionShelf();
    for (const { version, usedAt } of held) {
      shelf.put(version);
      for (const session of shelf.all()) if (session.version === version) session.usedAt = usedAt;
    }
    return { shelf };
  };
  const [busy, idle, empty] = [runner(shelved(40, 900)), runner(shelved(40, 100)), runner(shelved(10, 950))];
  expect(cheapestRoom([busy, idle, empty], { neededBytes: 40, budgetBytes: 50 })).toBe(empty);
  expect(cheapestRoom([busy, idle], { neededBytes: 40, budgetBytes: 50 })).toBe(idle);
  expect(cheapestRoom([busy, idle, empty], { neededBytes: 51, budgetBytes: 50 })).toBeUndefined();
});
