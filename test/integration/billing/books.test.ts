import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Invoice } from "../../../src/domains/billing/invoice.ts";
import { type BillingHouse, by, centPrice, openBillingHouse } from "../../support/billing-house.ts";

let house: BillingHouse;

beforeAll(async () => {
  house = await openBillingHouse();
});

afterAll(async () => {
  await house.close();
});

const issue = async (tenantId: string): Promise<Invoice> =>
  await house.service.issue({ tenantId, wanted: undefined, ...by });
const leftOf = async (tenantId: string) =>
  (await house.credits.balances(tenantId)).map(({ remainingMicros }) => remainingMicros);

describe("credits", () => {
  test("are used before the invoice asks for money, by priority, then expiry, then age, and what is left stays", async () => {
    const { tenantId } = await house.usedInputs(500n, { taxRatePpm: 200_000 });
    const grants = [
      await house.grant(tenantId, 4_000_000n, { priority: 10 }),
      await house.grant(tenantId, 1_500_000n, { priority: 1 }),
      await house.grant(tenantId, 9_000_000n, { priority: 1, expiresAt: new Date("2026-10-20") }),
      await house.grant(tenantId, 1_000_000n, { priority: 1, expiresAt: new Date("2026-12-01") }),
    ];
    const invoice = await issue(tenantId);
    // 5.00 and 20 % of it are 6.00; the grant that ended within the period is not touched.
    expect(invoice).toMatchObject({
      subtotalMicros: 5_000_000n,
      taxMicros: 1_000_000n,
      creditsMicros: 6_000_000n,
      totalMicros: 0n,
    });
    // Two of the same millisecond may be listed in either order.
    const left = new Map(
      (await house.credits.balances(tenantId)).map(({ id, remainingMicros }) => [id, remainingMicros]),
    );
    expect(grants.map((id) => left.get(id))).toEqual([500_000n, 0n, 9_000_000n, 0n]);
  });

  test("come back when the invoice is voided, and pay for the next one", async () => {
    const { tenantId } = await house.usedInputs(300n);
    await house.grant(tenantId, 2_000_000n);
    const first = await issue(tenantId);
    expect([first.creditsMicros, first.totalMicros]).toEqual([2_000_000n, 1_000_000n]);
    await house.service.void({ id: first.id, reason: "mistake", ...by });
    expect(await leftOf(tenantId)).toEqual([2_000_000n]);
    const again = await house.service.issue({ tenantId, wanted: new Date("2026-10-05"), ...by });
    expect([again.sequence, again.creditsMicros]).toEqual([2, 2_000_000n]);
    expect(await leftOf(tenantId)).toEqual([0n]);
  });

  test("cannot be overdrawn or given back twice, whatever the code does", async () => {
    const { tenantId } = await house.usedInputs(100n);
    const grantId = await house.grant(tenantId, 50_000n);
    const { id: invoiceId } = await issue(tenantId);
    const take = async (amount: number) =>
      await house.sql(
        "insert into credit_uses (tenant_id, id, grant_id, invoice_id, amount_micros, used_at) values ($1, $2, $3, $4, $5, now())",
        [...[tenantId, `cru_${Math.random()}`, grantId, invoiceId, amount]],
      );
    await expect(take(1)).rejects.toThrow(/50000 used, and 1 more/);
    await take(-50_000);
    await expect(take(-1)).rejects.toThrow(/0 used, and -1 more/);
  });
});

describe("what was issued", () => {
  test("cannot be changed or removed by the gateway's roles, but for its end, once", async () => {
    const { tenantId } = await house.usedInputs(100n);
    const { id } = await issue(tenantId);
    const run = async (text: string) => await house.database.systemSql({ text: text.replaceAll("$id", `'${id}'`) });
    for (const change of [
      "update invoices set total_micros = 0, subtotal_micros = 0 where id = $id",
      "update invoices set number = 'X' where id = $id",
      "update invoice_lines set payable_micros = 0 where invoice_id = $id",
      "delete from invoice_lines where invoice_id = $id",
      "delete from invoices where id = $id",
    ]) {
      await expect(run(change), change).rejects.toThrow(/permission denied/);
    }
    await house.service.markPaid({ id, paidAt: undefined, reference: "", ...by });
    await expect(run("update invoices set state = 'ISSUED', paid_at = null where id = $id")).rejects.toThrow(
      /is PAID, and stays so/,
    );
  });

  test("is corrected by a credit note with a number of its own", async () => {
    const { tenantId } = await house.usedInputs(1_000n, { taxRatePpm: 190_000 });
    const invoice = await issue(tenantId);
    const [line] = invoice.lines;
    const lines = [{ lineId: line?.id ?? "", amountMicros: 2_500_000n }];
    const note = await house.service.creditNote({ id: invoice.id, reason: "bad answers", lines, ...by });
    expect(note).toMatchObject({
      kind: "CREDIT_NOTE",
      sequence: 1,
      correctsId: invoice.id,
      reason: "bad answers",
      subtotalMicros: -2_500_000n,
      taxMicros: -480_000n,
      totalMicros: -2_980_000n,
    });
    expect(note.number).toMatch(/^CRN-.*-00001$/);
    const rest = await house.service.creditNote({ id: invoice.id, reason: "all of it", lines: undefined, ...by });
    expect(note.totalMicros + rest.totalMicros).toBe(-invoice.totalMicros);
    for (const attempt of [
      () => house.service.creditNote({ id: invoice.id, reason: "more", lines: undefined, ...by }),
      () => house.service.creditNote({ id: note.id, reason: "of a note", lines: undefined, ...by }),
      () => house.service.void({ id: invoice.id, reason: "x", ...by }),
      () => house.service.void({ id: note.id, reason: "x", ...by }),
    ]) {
      await expect(attempt()).rejects.toMatchObject({ code: "CONFLICT" });
    }
    expect(await house.invoices.creditNotesOf(tenantId, invoice.id)).toEqual([note, rest]);
  });

  test("is credited by twenty at once no more than once over", async () => {
    const { tenantId } = await house.usedInputs(100n);
    const { id } = await issue(tenantId);
    const notes = await Promise.allSettled(
      Array.from({ length: 20 }, () => house.service.creditNote({ id, reason: "all", lines: undefined, ...by })),
    );
    // The others wait for the first one, and are then told that nothing is left: not that they ran into it.
    const refusals = notes.flatMap((one) => (one.status === "rejected" ? [one.reason.code] : []));
    expect(refusals).toEqual(Array.from({ length: 19 }, () => "CONFLICT"));
    expect(await house.sql("select sequence from invoices where corrects_id = $1", [id])).toEqual([{ sequence: 1 }]);
  });
});

describe("a correction that comes after its period was invoiced", () => {
  test("is in the next invoice, marked, at what it would have saved then", async () => {
    const planVersionId = await house.createPlan({
      prices: [
        {
          scheme: "GRADUATED",
          tiers: [
            { upTo: 100n, unitPriceMicros: 10_000n, flatMicros: 0n },
            { upTo: undefined, unitPriceMicros: 50_000n, flatMicros: 0n },
          ],
        },
      ],
    });
    const tenantId = await house.createTenant({ since: "2026-09-01" });
    await house.subscribe(tenantId, planVersionId, "2026-09-01");
    await house.use(tenantId, { planVersionId, quantity: 120n, at: "2026-09-10T10:00:00Z" });
    const september = await issue(tenantId);
    await house.use(tenantId, { planVersionId, quantity: 10n, at: "2026-10-10T10:00:00Z" });
    await house.use(tenantId, {
      planVersionId,
      quantity: -30n,
      at: "2026-10-02T10:00:00Z",
      lateOf: "2026-09-10T10:00:00Z",
    });
    const october = await issue(tenantId);
    expect(september.subtotalMicros).toBe(2_000_000n);
    expect(
      october.lines.map(({ kind, startsAt, quantity, amountMicros }) => [
        kind,
        startsAt.getUTCMonth(),
        quantity,
        amountMicros,
      ]),
    ).toEqual([
      ["USAGE", 9, 10n, 100_000n],
      // 20 of tier 2 and 10 of tier 1.
      ["LATE_USAGE", 8, -30n, -1_100_000n],
    ]);
    expect(october.totalMicros).toBe(-1_000_000n);
  });
});

describe("a change of plan in the middle of a month", () => {
  test("is invoiced with both fees by the day, and the usage of each at its own price", async () => {
    const [basic, pro] = [
      await house.createPlan({ name: "basic", fee: 31_000_000n, prices: [centPrice] }),
      await house.createPlan({
        name: "pro",
        fee: 62_000_000n,
        prices: [{ ...centPrice, unitPriceMicros: 5_000n, included: 10n }],
      }),
    ];
    const tenantId = await house.createTenant();
    await house.subscribe(tenantId, basic, "2026-10-01", "2026-10-11T15:00:00Z");
    await house.subscribe(tenantId, pro, "2026-10-11T15:00:00Z");
    await house.use(tenantId, { planVersionId: basic, quantity: 7n, at: "2026-10-11T14:00:00Z" });
    await house.use(tenantId, { planVersionId: pro, quantity: 15n, at: "2026-10-11T16:00:00Z" });
    const invoice = await issue(tenantId);
    expect(invoice.lines.map(({ description, payableMicros }) => [description, payableMicros])).toEqual([
      ["basic v1: flat fee", 31_000_000n],
      ["basic v1: credit for the unused part of the fee, 21 of 31 days", -21_000_000n],
      ["pro v1: flat fee, 21 of 31 days", 42_000_000n],
      ["inputs (basic v1)", 70_000n],
      ["inputs (pro v1), included", 0n],
      ["inputs (pro v1)", 20_000n],
    ]);
  });
});
