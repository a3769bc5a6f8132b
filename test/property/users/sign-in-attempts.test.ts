import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { attemptLimits } from "../../../src/domains/users/attempt-limits.ts";
import { SignInAttemptsStore } from "../../../src/domains/users/sign-in-attempts.store.ts";
import { type Database, openDatabase } from "../../../src/platform/database.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { HeldClock } from "../../support/held-clock.ts";

let testDatabase: TestDatabase;
let replicas: Database[];

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  replicas = await Promise.all([openDatabase(testDatabase.url), openDatabase(testDatabase.url)]);
});

afterAll(async () => {
  await Promise.all(replicas.map((database) => database.close()));
  await testDatabase.drop();
});

test("however attempts fall together, no account and no address is admitted more often than its limit", async () => {
  let round = 0;
  const attempt = fc.record({ account: fc.nat(3), address: fc.nat(2), replica: fc.nat(1) });
  const attempts = fc.array(attempt, { minLength: 1, maxLength: 150 });
  await fc.assert(
    fc.asyncProperty(attempts, async (tried) => {
      round++;
      const clock = new HeldClock();
      const stores = replicas.map((database) => new SignInAttemptsStore(database, clock));
      const subjectsOf = (one: (typeof tried)[number]) => ({
        account: `account:${round}:${one.account}`,
        address: `address:${round}:${one.address}`,
      });
      const verdicts = await Promise.all(
        tried.map((one) =>
          stores[one.replica]?.admit(subjectsOf(one)).then(
            () => true,
            (error: { code?: string }) => {
              if (error.code === "RATE_LIMITED") return false;
              throw error;
            },
          ),
        ),
      );
      const admitted = tried.filter((_, i) => verdicts[i]).map(subjectsOf);
      for (const kind of ["account", "address"] as const) {
        const counts = Map.groupBy(admitted, (subjects) => subjects[kind]);
        for (const [, of] of counts) expect(of.length).toBeLessThanOrEqual(attemptLimits[kind]);
      }
      // Nobody is refused for nothing: with few enough attempts, all are admitted.
      if (tried.length <= attemptLimits.account) expect(admitted).toHaveLength(tried.length);
    }),
    { numRuns: 40 },
  );
});
