import fc from "fast-check";
import { expect, test } from "vitest";
import { failedClaimsAfterProgress, maxAttemptsAlone, planAttempt } from "../../../src/domains/jobs/slice-attempt.ts";

/** Works on a slice until all has ended; what holds a poisoned item ends its worker. */
function workOn(items: boolean[]) {
  const waiting = items.map((isPoisoned, place) => ({ isPoisoned, place }));
  const succeeded: number[] = [];
  const failed: number[] = [];
  let claims = 0;
  for (let failedClaims = 0; waiting.length > 0; claims++) {
    if (claims > 10_000) throw new Error("it never ends");
    const attempt = planAttempt(waiting.length, failedClaims);
    if (attempt.kind === "GIVE_UP_FIRST") {
      failed.push(waiting.shift()?.place ?? -1);
    } else {
      const taken = waiting.slice(0, attempt.take);
      if (taken.some(({ isPoisoned }) => isPoisoned)) {
        failedClaims += 1;
        continue;
      }
      succeeded.push(...taken.map(({ place }) => place));
      waiting.splice(0, taken.length);
    }
    failedClaims = failedClaimsAfterProgress(waiting.length, failedClaims);
  }
  return { succeeded, failed, claims };
}

test("whatever items end their workers, they alone fail, and every item ends once", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 256 }), (items) => {
      const { succeeded, failed } = workOn(items);
      const poisoned = [...items.entries()].filter(([, isPoisoned]) => isPoisoned).map(([place]) => place);
      expect(failed).toEqual(poisoned);
      expect([...succeeded, ...failed].sort((a, b) => a - b)).toEqual(items.map((_, place) => place));
    }),
  );
});

test("one poisoned item costs a slice of n few claims: as many as halving takes, and those alone", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 256 }), fc.nat(255), (size, at) => {
      const place = at % size;
      const items = Array.from({ length: size }, (_, index) => index === place);
      const halvings = Math.ceil(Math.log2(Math.max(2, size)));
      // To find it, to give it up, and to come back to whole slices again.
      expect(workOn(items).claims).toBeLessThanOrEqual(4 * halvings + maxAttemptsAlone + 8);
    }),
  );
});
