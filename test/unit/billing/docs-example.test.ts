import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { draftOf } from "../../../src/domains/billing/draft.ts";
import { invoiceCsv } from "../../../src/domains/billing/invoice-csv.ts";
import type { Price } from "../../../src/domains/plans/rating.ts";
import { sampleInvoice, sampleLine } from "../../support/sample-invoice.ts";

const page = readFileSync(path.resolve(import.meta.dirname, "../../../docs/billing.md"), "utf8");

const period = { startsAt: new Date("2026-10-01"), endsAt: new Date("2026-11-01") };
const pro = { planVersionId: "plv_pro", planName: "pro", planVersion: 3 };
const price: Price = {
  scheme: "GRADUATED",
  unitPriceMicros: 0n,
  packageSize: 1n,
  included: 10_000n,
  tiers: [
    { upTo: 100_000n, unitPriceMicros: 1_000n, flatMicros: 0n },
    { upTo: undefined, unitPriceMicros: 555n, flatMicros: 0n },
  ],
  scale: 1n,
};
const inputs = { ...pro, meter: "inputs", priceModelId: "", modelName: undefined };

/** What the page's example says was used, and paid ahead. */
const draft = draftOf({
  tenantId: "ten_0000000000000000000000abcd",
  currency: "EUR",
  taxRatePpm: 190_000,
  period,
  tenures: [{ ...pro, flatFeeMicros: 49_000_000n, startsAt: new Date("2026-10-11T15:00:00Z"), endsAt: undefined }],
  groups: [{ ...inputs, price, quantity: 123_457n, amountMicros: 107_468_635n }],
  late: [
    {
      ...inputs,
      price: undefined,
      quantity: -12n,
      amountMicros: -12_000n,
      ofPeriod: { startsAt: new Date("2026-09-01"), endsAt: new Date("2026-10-01") },
    },
  ],
  credits: [
    {
      ...{ id: "crg_a", tenantId: "", amountMicros: 20_000_000n, remainingMicros: 20_000_000n, currency: "EUR" },
      ...{ priority: 50, expiresAt: undefined, reason: "", grantedAt: new Date(0) },
    },
  ],
});

test("the CSV that docs/billing.md works through by hand is what such a month comes to", () => {
  const lines = draft.lines.map((line, index) => ({ ...sampleLine(), ...line, position: index + 1 }));
  const csv = invoiceCsv(sampleInvoice({ ...draft, lines })).replaceAll("\r\n", "\n");
  expect(/```csv\n([\s\S]*?)```/.exec(page)?.[1]).toBe(csv);
});
