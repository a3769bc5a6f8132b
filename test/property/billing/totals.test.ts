import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { minorUnitMicros } from "../../../src/core/rounding.ts";
import { creditNoteOf } from "../../../src/domains/billing/credit-note.ts";
import type { Invoice } from "../../../src/domains/billing/invoice.ts";
import { payable, totalsOf } from "../../../src/domains/billing/totals.ts";
import { sampleInvoice, sampleLine } from "../../support/sample-invoice.ts";

const anyCurrency = fc.constantFrom("EUR", "JPY", "KWD");
const anyAmounts = fc.array(fc.bigInt({ min: -50_000_000n, max: 900_000_000n }), { minLength: 1, maxLength: 12 });
const anyRate = fc.integer({ min: 0, max: 1_000_000 });

test("lines add up to the subtotal, and subtotal, tax and credits to the total: all of it can be paid", () => {
  fc.assert(
    fc.property(
      anyCurrency,
      anyAmounts,
      anyRate,
      fc.bigInt({ min: 0n, max: 1_000n }),
      (currency, amounts, taxRatePpm, credits) => {
        const unit = minorUnitMicros(currency);
        const lines = payable(
          amounts.map((amountMicros) => sampleLine({ amountMicros })),
          currency,
        );
        const totals = totalsOf({ lines, currency, taxRatePpm, availableCreditsMicros: credits * unit });
        expect(lines.reduce((sum, line) => sum + line.payableMicros, 0n)).toBe(totals.subtotalMicros);
        expect(totals.totalMicros).toBe(totals.subtotalMicros + totals.taxMicros - totals.creditsMicros);
        for (const amount of Object.values(totals)) expect(amount % unit).toBe(0n);
        expect(totals.creditsMicros).toBeGreaterThanOrEqual(0n);
        expect(totals.creditsMicros).toBeLessThanOrEqual(credits * unit);
        // Credits pay what is due, and never make anybody owe a tenant.
        const due = totals.subtotalMicros + totals.taxMicros;
        expect(totals.totalMicros).toBeGreaterThanOrEqual(due < 0n ? due : 0n);
      },
    ),
  );
});

test("each line is within half of the smallest unit of its exact amount", () => {
  fc.assert(
    fc.property(anyCurrency, anyAmounts, (currency, amounts) => {
      for (const line of payable(
        amounts.map((amountMicros) => sampleLine({ amountMicros })),
        currency,
      )) {
        const off = line.payableMicros - line.amountMicros;
        expect(2n * (off < 0n ? -off : off)).toBeLessThanOrEqual(minorUnitMicros(currency));
      }
    }),
  );
});

function invoiceOf(amounts: bigint[], taxRatePpm: number): Invoice {
  const wanted = amounts.map((amountMicros, index) =>
    sampleLine({ amountMicros, position: index + 1, id: `inl_${index}` }),
  );
  const lines = payable(wanted, "EUR").map((line, index) => ({ ...sampleLine(), ...line, id: `inl_${index}` }));
  return sampleInvoice({
    lines,
    taxRatePpm,
    ...totalsOf({ lines, currency: "EUR", taxRatePpm, availableCreditsMicros: 0n }),
  });
}

describe("credit notes", () => {
  test("however many there are, and then one over the rest, are together the invoice with the signs turned round", () => {
    const anyParts = fc.array(fc.tuple(fc.nat(11), fc.double({ min: 0, max: 1, noNaN: true })), { maxLength: 6 });
    fc.assert(
      fc.property(anyAmounts, anyRate, anyParts, (amounts, taxRatePpm, parts) => {
        const invoice = invoiceOf(amounts, taxRatePpm);
        const notes: Invoice[] = [];
        const add = (wanted: Parameters<typeof creditNoteOf>[2]) => {
          const note = creditNoteOf(invoice, notes, wanted);
          const lines = note.lines.map((line) => ({ ...sampleLine(), ...line }));
          notes.push(sampleInvoice({ ...note, kind: "CREDIT_NOTE", lines }));
        };
        const leftOf = (lineId: string) =>
          [invoice, ...notes]
            .flatMap((one) => one.lines)
            .filter((line) => line.id === lineId || line.correctsLineId === lineId)
            .reduce((sum, line) => sum + line.payableMicros, 0n);
        for (const [index, share] of parts) {
          const lineId = `inl_${index % amounts.length}`;
          const cents = BigInt(Math.floor((Number(leftOf(lineId)) / 10_000) * share));
          if (cents > 0n) add([{ lineId, amountMicros: cents * 10_000n }]);
        }
        if (invoice.lines.some(({ id }) => leftOf(id) !== 0n)) add(undefined);
        const allOf = (of: "subtotalMicros" | "taxMicros" | "totalMicros") =>
          notes.reduce((all, note) => all + note[of], 0n);
        expect(allOf("subtotalMicros")).toBe(-invoice.subtotalMicros);
        expect(allOf("taxMicros")).toBe(-invoice.taxMicros);
        expect(allOf("totalMicros")).toBe(-invoice.totalMicros);
        expect(() => creditNoteOf(invoice, notes, undefined)).toThrow(/credited already/);
      }),
    );
  });

  const invoice = invoiceOf([10_000_000n, -2_000_000n], 0);
  test.each([
    ["more than is left of its line", [{ lineId: "inl_0", amountMicros: 10_010_000n }], /not above 10\.00 EUR/],
    ["nothing", [{ lineId: "inl_0", amountMicros: 0n }], /above zero/],
    ["a part of a cent", [{ lineId: "inl_0", amountMicros: 5_000n }], /smallest unit/],
    ["a line of another invoice", [{ lineId: "inl_9", amountMicros: 10_000n }], /no line of the invoice/],
    ["of a line that gives already", [{ lineId: "inl_1", amountMicros: 10_000n }], /not above 0\.00 EUR/],
    [
      "one line twice",
      [
        { lineId: "inl_0", amountMicros: 10_000n },
        { lineId: "inl_0", amountMicros: 10_000n },
      ],
      /names one line twice/,
    ],
  ])("cannot give back %s", (_what, wanted, message) => {
    expect(() => creditNoteOf(invoice, [], wanted)).toThrow(message);
  });
});
