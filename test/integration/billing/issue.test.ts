import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Invoice } from "../../../src/domains/billing/invoice.ts";
import { type BillingHouse, by, october, openBillingHouse } from "../../support/billing-house.ts";

let house: BillingHouse;

beforeAll(async () => {
  house = await openBillingHouse();
});

afterAll(async () => {
  await house.close();
});

const issue = async (tenantId: string, at?: string): Promise<Invoice> =>
  await house.service.issue({ tenantId, wanted: at === undefined ? undefined : new Date(at), ...by });

const graduated = {
  scheme: "GRADUATED" as const,
  tiers: [
    { upTo: 100n, unitPriceMicros: 1_000n, flatMicros: 0n },
    { upTo: undefined, unitPriceMicros: 333n, flatMicros: 0n },
  ],
};

/** A tenant that used 150 inputs in October, in three events, on a graduated price. */
async function usedInOctober(options: Parameters<BillingHouse["createTenant"]>[0] = {}) {
  const planVersionId = await house.createPlan({ currency: options.currency ?? "EUR", prices: [graduated] });
  const tenantId = await house.createTenant(options);
  await house.subscribe(tenantId, planVersionId);
  for (const [quantity, day] of [
    [60n, "02"],
    [70n, "15"],
    [20n, "31"],
  ] as const) {
    await house.use(tenantId, { planVersionId, quantity, at: `2026-10-${day}T10:00:00Z` });
  }
  return { tenantId, planVersionId };
}

describe("an invoice", () => {
  test("has a line for each tier, whose exact amounts are those of the events, and is rounded once for each line", async () => {
    const { tenantId, planVersionId } = await usedInOctober({ taxRatePpm: 190_000 });
    const invoice = await issue(tenantId);
    expect(
      invoice.lines.map(({ kind, tier, quantity, unitPriceMicros, amountMicros, payableMicros }) => [
        kind,
        tier,
        quantity,
        unitPriceMicros,
        amountMicros,
        payableMicros,
      ]),
    ).toEqual([
      ["USAGE", 1, 100n, 1_000n, 100_000n, 100_000n],
      ["USAGE", 2, 50n, 333n, 16_650n, 20_000n],
    ]);
    expect(invoice).toMatchObject({
      kind: "INVOICE",
      sequence: 1,
      period: october,
      currency: "EUR",
      seller: { name: "Models GmbH" },
      customer: { name: "Acme", address: "", taxId: "" },
      subtotalMicros: 120_000n,
      taxMicros: 20_000n,
      creditsMicros: 0n,
      totalMicros: 140_000n,
      end: { state: "ISSUED" },
    });
    expect(invoice.lines.every((line) => line.planVersionId === planVersionId)).toBe(true);
    const [events] = await house.sql(
      "select sum(amount_micros)::int as amount from usage_events where tenant_id = $1",
      [tenantId],
    );
    expect(events?.amount).toBe(116_650);
  });

  test("closes its period, so that nothing is dated into it any more", async () => {
    const { tenantId } = await usedInOctober();
    await issue(tenantId);
    const [ledger] = await house.sql("select closed_until from tenant_ledgers where tenant_id = $1", [tenantId]);
    expect(ledger?.closed_until).toEqual(october.endsAt);
  });

  test("is what the draft said just before", async () => {
    const { tenantId } = await usedInOctober({ taxRatePpm: 70_000 });
    const draft = await house.service.draft(tenantId);
    const invoice = await issue(tenantId);
    expect(draft.lines).toEqual(invoice.lines.map(({ id, invoiceId, tenantId: _, position, ...line }) => line));
    expect(draft).toMatchObject({ totalMicros: invoice.totalMicros, taxMicros: invoice.taxMicros });
  });

  test("issued again is the same one, by whatever moment of its period it is asked for", async () => {
    const { tenantId } = await usedInOctober();
    const first = await issue(tenantId);
    expect(await issue(tenantId, "2026-10-01T00:00:00Z")).toEqual(first);
    expect(await issue(tenantId, "2026-10-31T23:59:59Z")).toEqual(first);
    expect(await house.sql("select 1 from invoices where tenant_id = $1", [tenantId])).toHaveLength(1);
  });

  test("is told to the outbox of webhooks with the commit that issues it", async () => {
    const { tenantId } = await usedInOctober();
    // An outbox of this test's own, in the place of whatever there is.
    await house.sql("create table told (tenant text, type text, payload jsonb)");
    await house.sql("grant insert on told to tollgate_system");
    await house.sql("drop function if exists enqueue_webhook(text, text, jsonb, text)");
    await house.sql(
      "create function enqueue_webhook(text, text, jsonb) returns void language sql as 'insert into told values ($1, $2, $3)'",
    );
    const { id, number } = await issue(tenantId);
    expect(await house.sql("select type, payload from told where tenant = $1", [tenantId])).toEqual([
      { type: "invoice.issued", payload: expect.objectContaining({ invoiceId: id, number }) },
    ]);
  });

  test("asked for by twenty at once is one, with one number", async () => {
    const { tenantId } = await usedInOctober();
    const issued = await Promise.all(Array.from({ length: 20 }, () => issue(tenantId, "2026-10-10")));
    expect(new Set(issued.map(({ id }) => id)).size).toBe(1);
    expect(await house.sql("select sequence from invoices where tenant_id = $1", [tenantId])).toEqual([
      { sequence: 1 },
    ]);
  });

  test("copies names and addresses as they are on that day", async () => {
    const { tenantId } = await usedInOctober();
    await house.sql(
      "insert into billing_details (tenant_id, name, address, tax_id, email) values ($1, 'Acme SARL', E'1 Rue\nParis', 'FR1', '')",
      [tenantId],
    );
    const { id } = await issue(tenantId);
    await house.sql("update billing_details set name = 'Other' where tenant_id = $1", [tenantId]);
    const invoice = await house.invoices.find({ tenantId }, id);
    expect(invoice?.customer).toEqual({ name: "Acme SARL", address: "1 Rue\nParis", taxId: "FR1" });
  });

  test("rounds to whole yen and to thousandths of a dinar", async () => {
    const yen = await usedInOctober({ currency: "JPY" });
    expect((await issue(yen.tenantId)).lines.map((line) => line.payableMicros)).toEqual([0n, 0n]);
    const dinar = await usedInOctober({ currency: "KWD" });
    expect((await issue(dinar.tenantId)).lines.map((line) => line.payableMicros)).toEqual([100_000n, 17_000n]);
  });
});

describe("numbers", () => {
  test("have no gap, whatever fails in between", async () => {
    const { tenantId, planVersionId } = await usedInOctober({ since: "2026-08-03" });
    await house.use(tenantId, { planVersionId, quantity: 1n, at: "2026-08-10T10:00:00Z" });
    await issue(tenantId);
    await house.sql(
      "update usage_hourly set quantity = quantity + 1 where tenant_id = $1 and hour = '2026-10-02T10:00:00Z'",
      [tenantId],
    );
    await issue(tenantId);
    await expect(issue(tenantId)).rejects.toMatchObject({ code: "CONFLICT" });
    await house.sql(
      "update usage_hourly set quantity = quantity - 1 where tenant_id = $1 and hour = '2026-10-02T10:00:00Z'",
      [tenantId],
    );
    await issue(tenantId);
    const rows = await house.sql(
      "select sequence, number, period_starts_at from invoices where tenant_id = $1 order by sequence",
      [tenantId],
    );
    expect(rows.map((row) => row.sequence)).toEqual([1, 2, 3]);
    expect(rows.map((row) => row.number)).toEqual(
      [1, 2, 3].map((n) => `INV-${tenantId.slice(-8).toUpperCase()}-0000${n}`),
    );
    expect(rows.map((row) => row.period_starts_at.toISOString().slice(0, 7))).toEqual([
      "2026-08",
      "2026-09",
      "2026-10",
    ]);
  });
});

describe("nothing is issued, and nothing written,", () => {
  const expectNothing = async (tenantId: string) => {
    expect(await house.sql("select 1 from invoices where tenant_id = $1", [tenantId])).toEqual([]);
    const [ledger] = await house.sql("select closed_until from tenant_ledgers where tenant_id = $1", [tenantId]);
    expect(ledger?.closed_until).toBeNull();
  };

  test("while the period runs, and in the grace after it", async () => {
    const { tenantId } = await usedInOctober();
    for (const now of ["2026-10-31T23:59:59Z", "2026-11-01T00:59:59Z"]) {
      await house.setNow(now);
      await expect(issue(tenantId)).rejects.toMatchObject({
        code: "CONFLICT",
        message: expect.stringContaining("can be invoiced from 2026-11-01T01:00:00.000Z on"),
      });
    }
    await expectNothing(tenantId);
    await house.setNow("2026-11-01T01:00:00Z");
    expect((await issue(tenantId)).issuedAt).toEqual(new Date("2026-11-01T01:00:00Z"));
    await house.setNow("2026-11-24T09:00:00Z");
  });

  test("before the periods that come first", async () => {
    const { tenantId } = await usedInOctober({ since: "2026-09-15" });
    await expect(issue(tenantId, "2026-10-15")).rejects.toMatchObject({
      code: "CONFLICT",
      message: "The period from 2026-09-01T00:00:00.000Z comes first. Invoices are issued in order.",
    });
    await expectNothing(tenantId);
  });

  test("of a time before there was a tenant", async () => {
    const { tenantId } = await usedInOctober();
    await expect(issue(tenantId, "2025-01-01")).rejects.toMatchObject({ code: "CONFLICT" });
    await expectNothing(tenantId);
  });

  test("when a rollup is not what its events add up to", async () => {
    const { tenantId } = await usedInOctober();
    await house.sql(
      "update usage_hourly set amount_micros = amount_micros + 1 where tenant_id = $1 and hour = '2026-10-15T10:00:00Z'",
      [tenantId],
    );
    await expect(issue(tenantId)).rejects.toMatchObject({
      code: "CONFLICT",
      message: expect.stringMatching(/amount: events 116650, rollup 116651/),
    });
    await expectNothing(tenantId);
  });

  test("when events and rollup agree, but not with the price", async () => {
    const { tenantId } = await usedInOctober();
    for (const table of ["usage_hourly", "usage_events"]) {
      await house.sql(`update ${table} set amount_micros = amount_micros + 1 where tenant_id = $1 and quantity = 20`, [
        tenantId,
      ]);
    }
    await expect(issue(tenantId)).rejects.toMatchObject({
      code: "CONFLICT",
      message: expect.stringMatching(/cost 116650, and the events add up to 116651/),
    });
    await expect(house.service.draft(tenantId)).rejects.toMatchObject({ code: "CONFLICT" });
    await expectNothing(tenantId);
  });

  test("for a tenant that is not there", async () => {
    await expect(issue("ten_none")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});
