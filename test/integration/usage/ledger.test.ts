import pg from "pg";
import { afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { ChargeStore } from "../../../src/domains/usage/charge.store.ts";
import type { ChargeRequest, Reversal } from "../../../src/domains/usage/charge.ts";
import { Ledger } from "../../../src/domains/usage/ledger.ts";
import { type Database, openDatabase } from "../../../src/platform/database.ts";
import { createLogger } from "../../../src/platform/logger.ts";
import { chargeRequestOf } from "../../support/charge-request.ts";
import { eventually } from "../../support/eventually.ts";
import { type LedgerHouse, openLedgerHouse } from "../../support/ledger-house.ts";
import { openPlanDesk } from "../../support/plan-desk.ts";
import { refusalOf } from "../../support/refusal.ts";
import { startTcpProxy, type TcpProxy } from "../../support/tcp-proxy.ts";

let house: LedgerHouse;
let proxy: TcpProxy;
let database: Database;
let ledger: Ledger;
let tenant: string;

beforeAll(async () => {
  house = await openLedgerHouse();
  return () => house.close();
});

beforeEach(async () => {
  proxy = await startTcpProxy(house.url);
  database = await openDatabase(proxy.url);
  ledger = new Ledger({ store: new ChargeStore(database, "gtw_test"), logger: createLogger("silent") });
  tenant = await house.createTenant({ quota: 100 });
  // One charge stands already, so that the tenant has the row that charges lock.
  await ledger.charge(chargeRequestOf(tenant, 1));
});

afterEach(async () => {
  proxy.accept();
  await database.close();
  await proxy.close();
});

const reversalOf = ({ tenantId, usageEventId }: ChargeRequest): Reversal => ({
  tenantId,
  usageEventId,
  reason: "DEADLINE_EXCEEDED",
});
const laterEvents = async () => (await house.eventsOf(tenant)).slice(1);
const nothingOwed = () => eventually(() => ledger.owed === 0, { withinMs: 20_000, what: "nothing is owed" });

/** Holds what charges of the tenant need, until it is let go. */
async function lockQuota(): Promise<{ untilSomebodyWaits(): Promise<void>; letGo(): Promise<void> }> {
  const locker = new pg.Client({ connectionString: house.url });
  await locker.connect();
  await locker.query("begin");
  await locker.query("select 1 from tenant_ledgers where tenant_id = $1 for update", [tenant]);
  let isHeld = true;
  const letGo = async () => {
    if (isHeld) await locker.end();
    isHeld = false;
  };
  onTestFinished(letGo);
  return {
    untilSomebodyWaits: async () => {
      const waiting =
        "select 1 from pg_locks where not granted and database = (select oid from pg_database where datname = current_database()) or locktype = 'transactionid' and not granted";
      await eventually(async () => (await house.sql(waiting)).length > 0, { withinMs: 10_000, what: "a charge waits" });
    },
    letGo,
  };
}

describe("a charge whose connection is cut", () => {
  test("before it was sent is refused as OVERLOADED, and nothing is charged", async () => {
    proxy.refuse();
    const request = chargeRequestOf(tenant, 5);
    const refusal = await refusalOf(ledger.charge(request));
    expect(refusal).toMatchObject({ code: "OVERLOADED", retryAfterMs: 1_000 });
    expect(ledger.isReversalOwed(request.usageEventId)).toBe(true);
    proxy.accept();
    await nothingOwed();
    expect(await laterEvents()).toEqual([]);
  });

  test("while it runs is refused as OVERLOADED, and taken back once when it commits all the same", async () => {
    const lock = await lockQuota();
    const charging = refusalOf(ledger.charge(chargeRequestOf(tenant, 5)));
    await lock.untilSomebodyWaits();
    proxy.refuse();
    expect((await charging).code).toBe("OVERLOADED");
    proxy.accept();
    await lock.letGo();
    await nothingOwed();
    expect(await laterEvents()).toEqual([5, -5]);
    const [row] = await house.sql("select reason from usage_events where tenant_id = $1 and quantity < 0", [tenant]);
    expect(row?.["reason"]).toBe("OUTCOME_UNKNOWN");
    expect(await house.usedBy(tenant)).toBe(1);
  });

  test("is settled though its caller gives up as well", async () => {
    proxy.refuse();
    const request = chargeRequestOf(tenant, 5);
    const charging = ledger.charge(request);
    ledger.giveUp(reversalOf(request), charging);
    await refusalOf(charging);
    proxy.accept();
    await nothingOwed();
    expect(await laterEvents()).toEqual([]);
  });
});

describe("giving up on a charge", () => {
  test("before its verdict takes it back as soon as it is admitted; until then the reversal is owed", async () => {
    const lock = await lockQuota();
    const request = chargeRequestOf(tenant, 5);
    const charging = ledger.charge(request);
    await lock.untilSomebodyWaits();
    ledger.giveUp(reversalOf(request), charging);
    expect(ledger.isReversalOwed(request.usageEventId)).toBe(true);
    await lock.letGo();
    expect((await charging).kind).toBe("ADMITTED");
    await nothingOwed();
    expect(await laterEvents()).toEqual([5, -5]);
  });

  test("after its verdict takes it back", async () => {
    const request = chargeRequestOf(tenant, 5);
    const charging = ledger.charge(request);
    await charging;
    ledger.giveUp(reversalOf(request), charging);
    await nothingOwed();
    expect(await laterEvents()).toEqual([5, -5]);
  });

  test("that is then refused leaves nothing behind", async () => {
    const request = chargeRequestOf(tenant, 500);
    ledger.giveUp(reversalOf(request), ledger.charge(request));
    await nothingOwed();
    expect(await laterEvents()).toEqual([]);
    expect(await house.sql("select 1 from abandoned_charges where tenant_id = $1", [tenant])).toEqual([]);
  });
});

describe("a reversal", () => {
  test("that the database cannot take is owed, and paid once when it can", async () => {
    const requests = [chargeRequestOf(tenant, 5), chargeRequestOf(tenant, 6)];
    for (const request of requests) await ledger.charge(request);
    proxy.refuse();
    await Promise.all(
      requests.flatMap((request) => [reversalOf(request), reversalOf(request)]).map((one) => ledger.reverse(one)),
    );
    expect(ledger.owed).toBe(2);
    proxy.accept();
    await nothingOwed();
    expect((await laterEvents()).sort((a, b) => a - b)).toEqual([-6, -5, 5, 6]);
  });

  test("is owed until it is committed, so that nobody answers for the event meanwhile", async () => {
    const request = chargeRequestOf(tenant, 5);
    await ledger.charge(request);
    const lock = await lockQuota();
    const reversing = ledger.reverse(reversalOf(request));
    await lock.untilSomebodyWaits();
    expect(ledger.isReversalOwed(request.usageEventId)).toBe(true);
    await lock.letGo();
    await reversing;
    expect(ledger.isReversalOwed(request.usageEventId)).toBe(false);
  });
});

describe("a lease that is over", () => {
  const leased = () => chargeRequestOf(tenant, 1, { leaseMs: 60_000 });
  const places = () =>
    house.sql("select 1 from concurrency_leases where tenant_id = $1 and expires_at > now()", [tenant]);

  beforeEach(async () => {
    tenant = await openPlanDesk(house.sql).createTenant({ limits: [{ kind: "CONCURRENCY_LIMIT", quantity: 1 }] });
  });

  test("is given back before the next charge of this gateway is decided, so nobody meets their own", async () => {
    for (let round = 0; round < 20; round++) {
      const request = leased();
      expect(await ledger.charge(request)).toMatchObject({ kind: "ADMITTED", isLeased: true });
      expect(await ledger.charge(leased())).toMatchObject({ kind: "CONCURRENCY_LIMITED" });
      ledger.release(request);
      // Half of the rounds after it went by itself, or while it does.
      if (round % 2 === 1)
        await eventually(async () => (await places()).length === 0, { withinMs: 10_000, what: "it went" });
    }
  });

  test("goes with the gateway when that closes", async () => {
    const request = leased();
    await ledger.charge(request);
    ledger.release(request);
    await ledger.close(10_000);
    expect(await places()).toEqual([]);
  });
});

describe("closing", () => {
  test("pays what is owed", async () => {
    const request = chargeRequestOf(tenant, 5);
    await ledger.charge(request);
    proxy.refuse();
    await ledger.reverse(reversalOf(request));
    const closing = ledger.close(20_000);
    proxy.accept();
    expect(await closing).toBe(0);
    expect(await laterEvents()).toEqual([5, -5]);
  });

  test("waits no longer than it is told for a database that says nothing, and says what is left", async () => {
    const request = chargeRequestOf(tenant, 5);
    await ledger.charge(request);
    proxy.mute();
    const reversing = ledger.reverse(reversalOf(request));
    const startedAt = performance.now();
    expect(await ledger.close(300)).toBe(1);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    proxy.refuse();
    await reversing;
  });
});
