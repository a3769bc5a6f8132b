import { describe, expect, test } from "vitest";
import { invoiceCsv } from "../../../src/domains/billing/invoice-csv.ts";
import { invoicePdf } from "../../../src/domains/billing/invoice-pdf.ts";
import { PdfFonts } from "../../../src/domains/billing/pdf-fonts.ts";
import { sampleInvoice, sampleLine } from "../../support/sample-invoice.ts";

const fonts = PdfFonts.open(undefined);

describe("an invoice as CSV", () => {
  const rowsOf = (text: string) => text.split("\r\n").slice(0, -1);

  test("has a row for each line with its exact and its rounded amount, and then the totals", () => {
    const line = sampleLine({
      quantity: 1_500n,
      meter: "compute_ms",
      unitPriceMicros: 3n,
      amountMicros: 4n,
      payableMicros: 0n,
    });
    const rows = rowsOf(invoiceCsv(sampleInvoice({ lines: [line] })));
    expect(rows).toHaveLength(6);
    expect(rows[1]).toBe(
      'INV-0000ABCD-00007,1,USAGE,"inputs (standard v3), tier 1",compute_ms,,plv_00000000000000000000000001,TIER,1,2026-10-01T00:00:00.000Z,2026-11-01T00:00:00.000Z,1.5,,0.000003,0.000004,0.00,EUR',
    );
    expect(rows.slice(2).map((row) => row.split(",")[2])).toEqual(["SUBTOTAL", "TAX", "CREDITS", "TOTAL"]);
  });

  test("is the same bytes every time", () => {
    expect(invoiceCsv(sampleInvoice())).toBe(invoiceCsv(sampleInvoice()));
  });

  test.each(["=1+1", "+1", "-1", "@sum", "\tx"])("does not let a spreadsheet run the text %j", (description) => {
    const [, row = ""] = rowsOf(invoiceCsv(sampleInvoice({ lines: [sampleLine({ description })] })));
    expect(row).toContain(`,'${description},`);
  });

  test("quotes what would end a cell", () => {
    const [, row = ""] = rowsOf(invoiceCsv(sampleInvoice({ lines: [sampleLine({ description: 'a "b", c' })] })));
    expect(row).toContain(',"a ""b"", c",');
  });
});

describe("an invoice as PDF", () => {
  test("is the same bytes every time, and starts as a PDF does", async () => {
    const [one, two] = [await invoicePdf(of(sampleInvoice()), fonts), await invoicePdf(of(sampleInvoice()), fonts)];
    expect(one.subarray(0, 5).toString()).toBe("%PDF-");
    expect(one.equals(two)).toBe(true);
  });

  test("takes as many pages as its lines need", async () => {
    const pagesOf = async (count: number) => {
      const lines = Array.from({ length: count }, (_, index) => sampleLine({ position: index + 1 }));
      const text = (await invoicePdf(of(sampleInvoice({ lines })), fonts)).toString("latin1");
      return [...text.matchAll(/\/Type \/Page\b/g)].length;
    };
    expect(await pagesOf(1)).toBe(1);
    expect(await pagesOf(100)).toBeGreaterThanOrEqual(3);
  });

  const of = (invoice: ReturnType<typeof sampleInvoice>) => ({ invoice, correctsNumber: undefined });
});

describe("letters", () => {
  test("of Greek and Cyrillic are shown as they are", () => {
    expect(fonts.covers("Ελληνική Εταιρεία · Компания · Łódź")).toBe(true);
  });

  test("that no font has stand as their code points, and never as something else", () => {
    expect(fonts.covers("中文")).toBe(false);
    expect(fonts.runs("A中", "regular").map(({ text }) => text)).toEqual(["A[U+4E2D]"]);
  });

  test("that the first font has are not taken from the operator's", () => {
    const boxes = PdfFonts.open(fonts.runs("a", "bold")[0]?.file);
    expect(boxes.runs("Aя", "regular")).toEqual(fonts.runs("Aя", "regular"));
  });

  test("of a file that is no font end the start, and say why", () => {
    expect(() => PdfFonts.open("/nowhere/font.ttf")).toThrow(/The font \/nowhere\/font.ttf cannot be used/);
    expect(() => PdfFonts.open(import.meta.filename)).toThrow(/cannot be used/);
  });
});
