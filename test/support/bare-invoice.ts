import { newId } from "../../src/core/ids.ts";

type Sql = (text: string, values?: unknown[]) => Promise<unknown[]>;

/** An invoice with one line, and a grant of credit, written straight into a tenant's books. */
export async function writeBareInvoice(sql: Sql, tenantId: string) {
  const ids = { invoiceId: newId("invoice"), lineId: newId("invoiceLine"), grantId: newId("creditGrant") };
  await sql(
    `insert into invoices (tenant_id, id, kind, sequence, number, period_starts_at, period_ends_at, currency, seller, customer,
                           tax_rate_ppm, subtotal_micros, tax_micros, credits_micros, total_micros, issued_at, issued_by, due_at)
       values ($1, $2, 'INVOICE', 1, 'INV-1', '2026-01-01', '2026-02-01', 'USD', $3, $3, 0, 10000, 0, 0, 10000, now(), 'usr', now())`,
    [tenantId, ids.invoiceId, JSON.stringify({ name: "a", address: "", taxId: "" })],
  );
  await sql(
    `insert into invoice_lines (tenant_id, id, invoice_id, position, kind, description, starts_at, ends_at, quantity, amount_micros,
                                payable_micros)
       values ($1, $2, $3, 1, 'FLAT_FEE', 'fee', '2026-01-01', '2026-02-01', 31, 10000, 10000)`,
    [tenantId, ids.lineId, ids.invoiceId],
  );
  await sql(
    `insert into credit_grants (tenant_id, id, amount_micros, currency, priority, reason, granted_at, granted_by)
       values ($1, $2, 10000, 'USD', 0, 'gift', now(), 'usr')`,
    [tenantId, ids.grantId],
  );
  return ids;
}
