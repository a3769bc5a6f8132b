import fc from "fast-check";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { periodOf } from "../../../src/core/period.ts";
import { type Price, ratedCost } from "../../../src/domains/plans/rating.ts";
import { anyAnchorDay, anyMoment } from "../../support/any-period.ts";
import { anyPrice, anyQuantity } from "../../support/any-price.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";

let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});

afterAll(async () => {
  await client.end();
  await database.drop();
});

const runs = { numRuns: 400 };

test("Postgres and the code say the same of the period that a moment lies in", async () => {
  await fc.assert(
    fc.asyncProperty(anyMoment, anyAnchorDay, async (at, anchorDay) => {
      const { rows } = await client.query("select starts_at, ends_at from period_of($1::timestamptz, $2)", [
        at,
        anchorDay,
      ]);
      const { startsAt, endsAt } = periodOf(at, anchorDay);
      expect(rows).toEqual([{ starts_at: startsAt, ends_at: endsAt }]);
    }),
    runs,
  );
});

test("Postgres and the code say the same of what a quantity costs, to the micro-unit", async () => {
  await fc.assert(
    fc.asyncProperty(anyPrice, anyQuantity, async (price, quantity) => {
      const { rows } = await client.query("select rated_cost($1, $2, $3, $4, $5, $6, $7) as cost", [
        price.scheme,
        price.unitPriceMicros,
        price.packageSize,
        price.included,
        tiersJson(price),
        price.scale,
        quantity,
      ]);
      expect(BigInt(rows[0].cost)).toBe(ratedCost(price, quantity));
    }),
    runs,
  );
});

function tiersJson({ tiers }: Price): string {
  return JSON.stringify(
    tiers.map(({ upTo, unitPriceMicros, flatMicros }) => ({
      upTo: upTo === undefined ? null : Number(upTo),
      unitPriceMicros: Number(unitPriceMicros),
      flatMicros: Number(flatMicros),
    })),
  );
}
