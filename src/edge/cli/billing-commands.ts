import { formatMicros } from "../../core/currency.ts";
import type { RunResult } from "../../domains/billing/invoice-run.ts";
import type { Reconciliation } from "../../domains/billing/reconciliation.ts";
import { StartError } from "../../platform/start-error.ts";

interface Books {
  tenantIds(): Promise<string[]>;
  reconcile(tenantId: string, month: Date): Promise<Reconciliation | undefined>;
}

/**
 * Proves for every tenant that events, rollups and the lines of the invoice (or of the draft) are one number, to the
 * micro-unit, and prints a line for each. Returns the exit code: 1 if anything differs.
 */
export async function reconcile(books: Books, month: Date, print: (line: string) => void): Promise<number> {
  let differing = 0;
  const tenantIds = await books.tenantIds();
  for (const tenantId of tenantIds) {
    const found = await books.reconcile(tenantId, month);
    if (found === undefined) continue;
    print(lineOf(found));
    for (const difference of found.differences) print(`    ${difference}`);
    if (found.differences.length > 0) differing += 1;
  }
  const all = `${tenantIds.length} tenants`;
  print(differing === 0 ? `All books agree: ${all}.` : `The books of ${differing} of ${all} do not agree.`);
  return differing === 0 ? 0 : 1;
}

function lineOf(found: Reconciliation): string {
  const amount = (micros: bigint) => formatMicros(micros, found.currency);
  const day = (at: Date) => at.toISOString().slice(0, 10);
  const { eventsMicros } = found;
  return [
    found.differences.length === 0 ? "ok     " : "DIFFERS",
    found.tenantId,
    JSON.stringify(found.tenantName),
    `${day(found.startsAt)}..${day(found.endsAt)}`,
    eventsMicros === undefined ? "events kept no longer" : `${found.events} events ${amount(eventsMicros)}`,
    `rollups ${amount(found.rollupMicros)}`,
    `lines ${amount(found.linesMicros)}`,
    found.currency,
    found.invoiceNumber ?? "draft",
  ].join("  ");
}

/** The month of `--period 2026-10`. Throws StartError for anything else. */
export function parseMonth(text: string | undefined): Date {
  const [, year, month] = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(text ?? "") ?? [];
  if (year === undefined || month === undefined) {
    throw new StartError("Use it as: npm run billing:reconcile -- --period 2026-10");
  }
  return new Date(Date.UTC(Number(year), Number(month) - 1, 1));
}

/** Issues all invoices that are due, as the gateway does by itself. Returns the exit code: 1 if one could not be issued. */
export async function issueInvoices(
  run: () => Promise<RunResult | undefined>,
  print: (line: string) => void,
): Promise<number> {
  const result = await run();
  if (result === undefined) {
    print("A gateway is issuing invoices right now; there is nothing to do.");
    return 0;
  }
  print(
    `${result.issued} invoices issued, ${result.empty} periods closed with nothing to bill, ${result.failed} tenants failed.`,
  );
  return result.failed === 0 ? 0 : 1;
}
