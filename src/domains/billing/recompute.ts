import type { Invoice, InvoiceLine } from "./invoice.ts";

/** The SQL that recomputes what a line was made from, out of the ledger itself. For whoever may read it: operators. */
export function recomputeSql(invoice: Pick<Invoice, "period" | "tenantId">, line: InvoiceLine): string {
  switch (line.kind) {
    case "USAGE":
      return eventsSql(invoice, line, "not is_late");
    case "LATE_USAGE":
      return eventsSql(invoice, line, `is_late and period_starts_at = ${time(line.startsAt)}`);
    case "FLAT_FEE":
    case "FLAT_FEE_CREDIT":
      return `select s.starts_at, s.ends_at, v.flat_fee_micros from subscriptions s join plan_versions v on v.id = s.plan_version_id where s.tenant_id = ${quoted(invoice.tenantId)} and s.plan_version_id = ${quoted(line.planVersionId ?? "")}`;
    case "CORRECTION":
      return `select * from invoice_lines where id = ${quoted(line.correctsLineId ?? "")}`;
  }
}

function eventsSql(
  { period, tenantId }: Pick<Invoice, "period" | "tenantId">,
  line: InvoiceLine,
  which: string,
): string {
  const conditions = [
    `tenant_id = ${quoted(tenantId)}`,
    `occurred_at >= ${time(period.startsAt)} and occurred_at < ${time(period.endsAt)}`,
    which,
    `plan_version_id = ${quoted(line.planVersionId ?? "")}`,
    `meter = ${quoted(line.meter ?? "")}`,
    `price_model_id = ${quoted(line.priceModelId ?? "")}`,
  ];
  return `select count(*) as events, sum(quantity) as quantity, sum(amount_micros) as amount_micros from usage_events where ${conditions.join(" and ")}`;
}

function time(at: Date): string {
  return quoted(at.toISOString());
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
