import { z } from "zod";
import { type Period, periodOf } from "../../core/period.ts";
import type { Database, Prisma } from "../../platform/database.ts";
import { draftOf, type PeriodFacts } from "./draft.ts";
import type { Invoice, InvoiceDraft } from "./invoice.ts";
import { invoiceOf } from "./invoice-rows.store.ts";
import { readPeriodFacts, readTenantBilling, type TenantBilling } from "./period-facts.store.ts";
import { expected, invoiceDifferences, type Reconciliation } from "./reconciliation.ts";
import { LedgerMismatch } from "./usage-lines.ts";
import { differences, type EventSums, groupKey } from "./usage-sums.ts";

type Reading = Pick<Prisma, "$queryRaw" | "invoice">;

/** Compares the books of periods: events, rollups, and invoices. */
export class ReconciliationStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async tenantIds(): Promise<string[]> {
    const rows = await this.#database.systemSql<{ id: string }>({ text: "select id from tenants order by id" });
    return rows.map(({ id }) => id);
  }

  /** The tenant's period that starts in the month, all read in one snapshot, so usage that is booked meanwhile is no difference. */
  async reconcile(tenantId: string, month: Date): Promise<Reconciliation | undefined> {
    const hourMs = 3_600_000;
    return await this.#database.asSystem((prisma) =>
      prisma.$transaction(
        async (transaction) => {
          const tenant = await readTenantBilling(transaction, tenantId);
          return tenant === undefined ? undefined : await reconcileIn(transaction, tenant, periodIn(month, tenant));
        },
        { isolationLevel: "RepeatableRead", timeout: hourMs, maxWait: 10_000 },
      ),
    );
  }
}

/** The period that starts in the month: an anchor day of 15 makes it the one from the 15th on. */
function periodIn(month: Date, { anchorDay }: TenantBilling): Period {
  const lastDay = new Date(Date.UTC(month.getUTCFullYear(), month.getUTCMonth() + 1, 0));
  return periodOf(lastDay, anchorDay);
}

async function reconcileIn(transaction: Reading, tenant: TenantBilling, wanted: Period): Promise<Reconciliation> {
  const invoice = await findInvoice(transaction, tenant.tenantId, wanted);
  const period = invoice?.period ?? wanted;
  const facts = await readPeriodFacts(transaction, tenant, period);
  const ledger = await readLedger(transaction, tenant.tenantId, period);
  const made = linesOf(facts);
  const lines = invoice?.lines ?? made.draft?.lines ?? [];
  const found = [
    ...(ledger.isKept ? differences(ledger.sums, facts) : []),
    ...expected("late corrections in the rollup", ledger.lateRollupMicros, sumOf(facts.late)),
    ...made.differences,
    ...(invoice === undefined || made.draft === undefined ? [] : invoiceDifferences(invoice, made.draft)),
    ...(invoice === undefined ? [] : await creditDifferences(transaction, invoice)),
  ];
  const usage = lines.filter(({ kind }) => kind === "USAGE" || kind === "LATE_USAGE");
  const books = {
    eventsMicros: ledger.isKept ? sumOf([...ledger.sums.values()]) + sumOf(facts.late) : undefined,
    rollupMicros: sumOf(facts.groups) + ledger.lateRollupMicros,
    linesMicros: sumOf(usage),
  };
  const { tenantId, tenantName, currency } = tenant;
  const of = { tenantId, tenantName, currency, ...period, invoiceNumber: invoice?.number, events: ledger.events };
  return { ...of, ...books, differences: [...found, ...bookDifferences(books)] };
}

/** The whole sums again, whatever the parts said: what this command promises is that they are one number. */
function bookDifferences(books: {
  eventsMicros: bigint | undefined;
  rollupMicros: bigint;
  linesMicros: bigint;
}): string[] {
  return [
    ...(books.eventsMicros === undefined ? [] : expected("sum of the rollups", books.rollupMicros, books.eventsMicros)),
    ...expected("sum of the lines of usage", books.linesMicros, books.eventsMicros ?? books.rollupMicros),
  ];
}

function linesOf(facts: PeriodFacts): { draft: InvoiceDraft | undefined; differences: string[] } {
  try {
    return { draft: draftOf(facts), differences: [] };
  } catch (error) {
    if (!(error instanceof LedgerMismatch)) throw error;
    return { draft: undefined, differences: [error.message] };
  }
}

async function findInvoice(transaction: Reading, tenantId: string, period: Period): Promise<Invoice | undefined> {
  const row = await transaction.invoice.findFirst({
    where: {
      tenantId,
      kind: "INVOICE",
      state: { not: "VOID" },
      periodStartsAt: { lt: period.endsAt },
      periodEndsAt: { gt: period.startsAt },
    },
    include: { lines: { orderBy: { position: "asc" } } },
  });
  return row === null ? undefined : invoiceOf(row);
}

async function creditDifferences(transaction: Reading, { tenantId, id, creditsMicros }: Invoice): Promise<string[]> {
  const [row] = await transaction.$queryRaw<{ used: bigint }[]>`
    select coalesce(sum(u.amount_micros), 0)::bigint as used
      from credit_uses u
      where u.tenant_id = ${tenantId} and u.invoice_id = ${id}`;
  return expected("credits used", row?.used ?? 0n, creditsMicros);
}

const sumRow = z.object({
  plan_version_id: z.string(),
  meter: z.string(),
  price_model_id: z.string(),
  quantity: z.bigint(),
  amount_micros: z.bigint(),
  events: z.bigint(),
});

interface LedgerSums {
  /** Of those that are not late. */
  sums: EventSums;
  events: bigint;
  lateRollupMicros: bigint;
  /** Whether the months of the period are still there: old ones are dropped once they are invoiced. */
  isKept: boolean;
}

async function readLedger(transaction: Reading, tenantId: string, { startsAt, endsAt }: Period): Promise<LedgerSums> {
  const found = await transaction.$queryRaw<unknown[]>`
    select plan_version_id, meter, price_model_id, sum(quantity)::bigint as quantity, sum(amount_micros)::bigint as amount_micros,
           count(*) as events
      from usage_events
      where tenant_id = ${tenantId} and occurred_at >= ${startsAt} and occurred_at < ${endsAt} and not is_late
      group by 1, 2, 3`;
  const rows = found.map((row) => sumRow.parse(row));
  const [rest] = await transaction.$queryRaw<{ late: bigint; kept: boolean }[]>`
    select (select coalesce(sum(amount_micros), 0)::bigint from usage_hourly
              where tenant_id = ${tenantId} and hour >= ${startsAt} and hour < ${endsAt} and is_late) as late,
           to_regclass('usage_events_' || to_char(${startsAt}::timestamptz at time zone 'UTC', 'YYYY_MM')) is not null as kept`;
  return {
    sums: new Map(rows.map((row) => [keyOf(row), { quantity: row.quantity, amountMicros: row.amount_micros }])),
    events: rows.reduce((sum, row) => sum + row.events, 0n),
    lateRollupMicros: rest?.late ?? 0n,
    isKept: rest?.kept ?? false,
  };
}

function keyOf(row: z.infer<typeof sumRow>): string {
  return groupKey({ planVersionId: row.plan_version_id, meter: row.meter, priceModelId: row.price_model_id });
}

function sumOf(of: readonly { amountMicros: bigint }[]): bigint {
  return of.reduce((sum, one) => sum + one.amountMicros, 0n);
}
