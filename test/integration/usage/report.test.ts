import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newId } from "../../../src/core/ids.ts";
import { ChargeStore } from "../../../src/domains/usage/charge.store.ts";
import { UsageDaysStore } from "../../../src/domains/usage/usage-days.store.ts";
import { UsageReportStore } from "../../../src/domains/usage/usage-report.store.ts";
import {
  totalsOf,
  type UsageDimension,
  type UsageQuery,
  type UsageRow,
  usageDimensions,
  usageIntervals,
} from "../../../src/domains/usage/usage-report.ts";
import { chargeRequestOf } from "../../support/charge-request.ts";
import { type LedgerHouse, openLedgerHouse } from "../../support/ledger-house.ts";
import { refusalOf } from "../../support/refusal.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const now = new Date();
/** The months that events can be of: last month's start, and the four after it. */
const months = [-1, 0, 1, 2, 3].map((ahead) => Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead, 1));
const [firstMonth = 0] = months;
const lastMonthEnd = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 4, 1);

let house: LedgerHouse;
let reports: UsageReportStore;

beforeAll(async () => {
  house = await openLedgerHouse();
  // Where the clocks change: reports are in UTC, whatever the server thinks of the time.
  await house.sql(
    "do $$ begin execute format('alter database %I set timezone = ''America/New_York''', current_database()); end $$",
  );
  reports = new UsageReportStore(house.database);
});

afterAll(async () => {
  await house.close();
});

interface SeededEvent {
  occurredAt: number;
  model: string;
  version: string;
  key: string | null;
  meter: string;
  quantity: number;
  price: number;
}

/** Moments that are likely to be put into the wrong hour, day or month, and others. */
const anyMoment = fc.oneof(
  fc
    .record({ month: fc.constantFrom(...months), off: fc.constantFrom(-hourMs, -1, 0, 1, hourMs, 5 * hourMs, dayMs) })
    .map(({ month, off }) => month + off),
  fc
    .record({ day: fc.nat(110), hour: fc.nat(23), off: fc.constantFrom(-1, 0, 1, hourMs / 2) })
    .map(({ day, hour, off }) => firstMonth + day * dayMs + hour * hourMs + off),
  fc.integer({ min: firstMonth, max: lastMonthEnd }),
);
const anyEvent: fc.Arbitrary<SeededEvent> = fc.record({
  occurredAt: anyMoment.map((at) => Math.min(Math.max(at, firstMonth), lastMonthEnd - 1)),
  model: fc.constantFrom("mod_a", "mod_b"),
  version: fc.constantFrom("1", "2"),
  key: fc.constantFrom("key_a", "key_b", null),
  meter: fc.constantFrom("inputs", "compute_ms"),
  quantity: fc.integer({ min: -50, max: 200 }).filter((quantity) => quantity !== 0),
  price: fc.constantFrom(0, 100, 250),
});

async function seed(tenant: string, events: SeededEvent[]): Promise<void> {
  await house.sql(
    `insert into usage_events (tenant_id, id, occurred_at, meter, quantity, plan_version_id, amount_micros,
                               price_model_id, period_starts_at, is_late, inference_id, model_id, model_version_id, api_key_id, user_id, reverses_id)
     select $1, e.id, to_timestamp(e.at / 1000.0), e.meter, e.quantity, 'plv_' || e.price,
            e.quantity * e.price, '', date_trunc('month', to_timestamp(e.at / 1000.0), 'UTC'), false, 'inf', e.model,
            e.model || e.version, e.key, case when e.key is null then 'usr' end, case when e.quantity < 0 then 'use' end
       from json_to_recordset($2) as e(id text, at bigint, meter text, quantity bigint, price bigint, model text, version text, key text)`,
    [
      tenant,
      JSON.stringify(events.map(({ occurredAt, ...rest }) => ({ ...rest, at: occurredAt, id: newId("usageEvent") }))),
    ],
  );
}

const bucketOf = (at: Date, interval: UsageQuery["interval"]) =>
  interval === undefined ? "" : at.toISOString().slice(0, { HOUR: 13, DAY: 10, MONTH: 7 }[interval]);

/** What the report has to say, added up event by event. */
function expectedRows(events: SeededEvent[], query: UsageQuery): Map<string, bigint[]> {
  const sums = new Map<string, bigint[]>();
  const grouped = (dimension: UsageDimension, value: string | null) =>
    query.groupBy.includes(dimension) ? value : null;
  for (const event of events) {
    const at = new Date(event.occurredAt);
    if (at < query.startsAt || at >= query.endsAt) continue;
    const model = grouped("MODEL", event.model);
    const version = grouped("VERSION", event.model + event.version);
    const key = grouped("API_KEY", event.key);
    const name = JSON.stringify([bucketOf(at, query.interval), model, version, key, event.meter]);
    const [quantity = 0n, amount = 0n] = sums.get(name) ?? [];
    sums.set(name, [quantity + BigInt(event.quantity), amount + BigInt(event.quantity * event.price)]);
  }
  return sums;
}

function nameOf(row: UsageRow, { interval }: UsageQuery): string {
  // A row's period may be cut at its start, but never into another bucket.
  const bucket = bucketOf(row.startsAt, interval);
  return JSON.stringify([bucket, row.modelId ?? null, row.modelVersionId ?? null, row.apiKeyId ?? null, row.meter]);
}

const anyQuery: fc.Arbitrary<UsageQuery> = fc
  .record({
    one: anyMoment,
    other: fc.oneof(
      anyMoment.map((at) => ({ at })),
      fc.integer({ min: 1, max: 2 * hourMs }).map((lengthMs) => ({ lengthMs })),
    ),
    groupBy: fc.subarray([...usageDimensions]),
    interval: fc.option(fc.constantFrom(...usageIntervals), { nil: undefined }),
  })
  .map(({ one, other, ...rest }) => {
    const end = "at" in other ? other.at : one + other.lengthMs;
    return {
      startsAt: new Date(Math.min(one, end)),
      endsAt: new Date(Math.max(one, end) + (one === end ? 1 : 0)),
      ...rest,
    };
  });

describe("a report", () => {
  test("is, for any period, grouping and interval, what its tenant's events add up to, and its rows add up to its total", async () => {
    const [tenant, stranger] = [newId("tenant"), newId("tenant")];
    const [events = [], others = []] = fc.sample(fc.array(anyEvent, { minLength: 500, maxLength: 500 }), 2);
    await seed(tenant, events);
    await seed(stranger, others);
    await house.rebuild();
    let notEmpty = 0;
    await fc.assert(
      fc.asyncProperty(anyQuery, anyMoment, async (query, rolledUntil) => {
        // Wherever the days that are rolled up end, in the middle of the period or outside of it.
        await house.sql("delete from usage_daily_spans");
        await house.sql("select roll_usage_days($1, date_trunc('day', $2::timestamptz, 'UTC'))", [
          tenant,
          new Date(rolledUntil),
        ]);
        const rows = await reports.report(tenant, query);
        const got = rows.map((row) => [nameOf(row, query), [row.quantity, row.amountMicros]] as const);
        const wanted = expectedRows(events, query);
        expect(new Map(got)).toEqual(wanted);
        expect(rows).toHaveLength(wanted.size);
        for (const row of rows) {
          expect(row.startsAt.getTime()).toBeGreaterThanOrEqual(query.startsAt.getTime());
          expect(row.endsAt.getTime()).toBeLessThanOrEqual(query.endsAt.getTime());
        }
        const whole = await reports.report(tenant, { ...query, groupBy: [], interval: undefined });
        const total = totalsOf(rows).map(({ meter, quantity, amountMicros }) => [meter, quantity, amountMicros]);
        expect(total).toEqual(whole.map(({ meter, quantity, amountMicros }) => [meter, quantity, amountMicros]));
        notEmpty += rows.length > 0 ? 1 : 0;
      }),
      { numRuns: 400, interruptAfterTimeLimit: 40_000, markInterruptAsFailure: false },
    );
    expect(notEmpty).toBeGreaterThan(20);
  });

  test("has what was charged a moment ago, taken back or not", async () => {
    const tenant = await house.createTenant({ quota: 100 });
    const store = new ChargeStore(house.database, "gtw_test");
    const [kept, failed] = [chargeRequestOf(tenant, 5), chargeRequestOf(tenant, 7)];
    await store.charge([kept, failed]);
    await store.reverse([{ tenantId: tenant, usageEventId: failed.usageEventId, reason: "MODEL_FAILED" }]);
    const startsAt = new Date(Date.now() - 60_000);
    const query = { startsAt, endsAt: new Date(Date.now() + 60_000), groupBy: [], interval: undefined };
    expect(await reports.report(tenant, query)).toMatchObject([{ quantity: 5n, amountMicros: 1250n }]);
    const whole = { ...query, startsAt: new Date(firstMonth), endsAt: new Date(lastMonthEnd) };
    expect(await reports.report(tenant, whole)).toMatchObject([{ quantity: 5n, amountMicros: 1250n }]);
  });

  test("is right when an hour of a day that was rolled up changes, before and after that day is rolled up again", async () => {
    const tenant = await house.createTenant({ quota: 100 });
    const days = new UsageDaysStore(house.database);
    const at = firstMonth + 3 * dayMs;
    const event = { model: "mod_a", version: "1", key: "key_a", meter: "inputs", price: 100 };
    const write = async (inputs: number) => {
      await seed(tenant, [{ ...event, occurredAt: at, quantity: inputs }]);
      await house.rebuild();
    };
    const query = {
      startsAt: new Date(firstMonth),
      endsAt: new Date(firstMonth + 20 * dayMs),
      groupBy: [],
      interval: undefined,
    };
    const quantity = async () => (await reports.report(tenant, query)).map((row) => row.quantity);
    await write(5);
    await days.rollUp();
    const rolled = "select sum(quantity)::int as quantity from usage_daily where tenant_id = $1";
    expect(await house.sql(rolled, [tenant])).toEqual([{ quantity: 5 }]);
    await write(7);
    expect(await quantity()).toEqual([12n]);
    const [span] = await house.sql("select rolled_until from usage_daily_spans where tenant_id = $1", [tenant]);
    expect(span.rolled_until.getTime()).toBe(at);
    await days.rollUp();
    expect(await quantity()).toEqual([12n]);
    expect(await house.sql(rolled, [tenant])).toEqual([{ quantity: 12 }]);
  });

  test("of more rows than anybody can read is refused", async () => {
    const tenant = newId("tenant");
    await house.sql(
      `insert into usage_hourly (tenant_id, hour, meter, model_id, model_version_id, api_key_id, plan_version_id, quantity, amount_micros, events)
       select $1, $2, 'inputs', 'mod', 'mdv', 'key_' || n, 'plv', 1, 1, 1 from generate_series(1, 10001) n`,
      [tenant, new Date(firstMonth)],
    );
    const query: UsageQuery = {
      startsAt: new Date(firstMonth),
      endsAt: new Date(lastMonthEnd),
      groupBy: ["API_KEY"],
      interval: undefined,
    };
    expect(await refusalOf(reports.report(tenant, query))).toMatchObject({
      code: "INVALID_INPUT",
      message: "The report has more than 10000 rows: shorten the period or group by less.",
    });
    expect(await reports.report(tenant, { ...query, groupBy: [] })).toMatchObject([{ quantity: 10_001n }]);
  });
});
