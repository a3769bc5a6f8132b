import { expect, test } from "vitest";
import { victimAmong } from "../../../src/domains/inference/guest-runners.ts";

const guest = (tenant: string, { usedAt = 0, bornAt = 0, isBusy = false } = {}) => ({
  group: { ownerTenantId: tenant, provider: "CPU" as const },
  usedAt,
  bornAt,
  isBusy,
});
const nobody = () => false;
const everybody = () => true;

test("the place of one that nobody waits for is given away first: the one used longest ago", () => {
  const [a, b, c] = [guest("a", { usedAt: 30 }), guest("b", { usedAt: 10 }), guest("c", { usedAt: 20, isBusy: true })];
  expect(victimAmong([a, b, c], { isWanted: nobody, now: 50 })).toBe(b);
  const onlyB = ({ ownerTenantId }: { ownerTenantId: string | undefined }) => ownerTenantId === "b";
  expect(victimAmong([a, b, c], { isWanted: onlyB, now: 50 })).toBe(a);
});

test("where all are needed the oldest goes, but none before it had its second", () => {
  const [a, b] = [guest("a", { bornAt: 500, isBusy: true }), guest("b", { bornAt: 100 })];
  expect(victimAmong([a, b], { isWanted: everybody, now: 1_099 })).toBeUndefined();
  expect(victimAmong([a, b], { isWanted: everybody, now: 1_100 })).toBe(b);
  expect(victimAmong([a, b], { isWanted: everybody, now: 9_000 })).toBe(b);
  expect(victimAmong([a], { isWanted: everybody, now: 1_500 })).toBe(a);
});
