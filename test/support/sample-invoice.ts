import type { Invoice, InvoiceLine } from "../../src/domains/billing/invoice.ts";

const period = { startsAt: new Date("2026-10-01"), endsAt: new Date("2026-11-01") };

export function sampleLine(line: Partial<InvoiceLine> = {}): InvoiceLine {
  return {
    id: `inl_${"0".repeat(25)}${line.position ?? 1}`,
    invoiceId: "inv_00000000000000000000000001",
    tenantId: "ten_0000000000000000000000abcd",
    position: 1,
    kind: "USAGE",
    description: "inputs (standard v3), tier 1",
    planVersionId: "plv_00000000000000000000000001",
    meter: "inputs",
    priceModelId: "",
    part: "TIER",
    tier: 1,
    ...period,
    quantity: 1_000n,
    unitCount: undefined,
    unitPriceMicros: 1_000n,
    amountMicros: 1_000_000n,
    payableMicros: 1_000_000n,
    correctsLineId: undefined,
    ...line,
  };
}

/** An invoice as it stands in the books, for what is drawn and written from it. */
export function sampleInvoice(invoice: Partial<Invoice> = {}): Invoice {
  const lines = invoice.lines ?? [sampleLine()];
  const subtotalMicros = lines.reduce((sum, line) => sum + line.payableMicros, 0n);
  return {
    id: "inv_00000000000000000000000001",
    tenantId: "ten_0000000000000000000000abcd",
    kind: "INVOICE",
    sequence: 7,
    number: "INV-0000ABCD-00007",
    correctsId: undefined,
    reason: undefined,
    period,
    currency: "EUR",
    seller: { name: "Models GmbH", address: "Hafenstr. 1\n20457 Hamburg\nGermany", taxId: "DE123456789" },
    customer: { name: "Acme SARL", address: "1 Rue de l'École\n75005 Paris", taxId: "FR12345678901" },
    taxRatePpm: 0,
    subtotalMicros,
    taxMicros: 0n,
    creditsMicros: 0n,
    totalMicros: subtotalMicros,
    issuedAt: new Date("2026-11-01T01:00:03Z"),
    dueAt: new Date("2026-11-15T01:00:03Z"),
    end: { state: "ISSUED" },
    lines,
    ...invoice,
  };
}
