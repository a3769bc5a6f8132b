import { newId } from "../../core/ids.ts";
import type { Database, Prisma } from "../../platform/database.ts";
import { recordAuditEvent } from "../audit/audit-log.ts";
import type { Invoice, PayableLine, Totals } from "./invoice.ts";
import { invoiceOf, writeInvoice } from "./invoice-rows.store.ts";

interface By {
  actorId: string;
  requestId: string | undefined;
}

export interface NewCreditNote extends By {
  reason: string;
  /** Called with the invoice and its earlier notes while the tenant is locked; what it throws leaves all as it was. */
  decide: (invoice: Invoice, earlier: Invoice[]) => Totals & { lines: PayableLine[] };
}

export type Ending =
  | { state: "PAID"; paidAt: Date | undefined; paymentReference: string }
  | { state: "VOID"; voidReason: string };

export interface NewEnding extends By {
  ending: Ending;
  /** Called with the invoice and its notes while the tenant is locked; throws where it may not end so. */
  check: (invoice: Invoice, notes: Invoice[]) => void;
}

type Transaction = Parameters<Parameters<Prisma["$transaction"]>[0]>[0];

const withLines = { lines: { orderBy: { position: "asc" } } } as const;

/** What happens to an invoice after it was issued, each under the lock of its tenant. Undefined: there is no such invoice. */
export class CorrectionsStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async creditNote(id: string, note: NewCreditNote): Promise<Invoice | undefined> {
    return await this.#underLock(id, async (transaction, { invoice, notes, now }) => {
      const decided = note.decide(invoice, notes);
      const { tenantId, period, currency, seller, customer, taxRatePpm } = invoice;
      const written = await writeInvoice(transaction, {
        ...decided,
        ...{ tenantId, period, currency, seller, customer, taxRatePpm },
        kind: "CREDIT_NOTE",
        correctsId: invoice.id,
        reason: note.reason,
        issuedAt: now,
        issuedBy: note.actorId,
        dueAt: now,
      });
      const details = { number: written.number, corrects: invoice.number, totalMicros: String(written.totalMicros) };
      await audit(transaction, { invoice: written, action: "credit_note.issued", details, by: note });
      return written;
    });
  }

  async end(id: string, { ending, check, ...by }: NewEnding): Promise<Invoice | undefined> {
    return await this.#underLock(id, async (transaction, { invoice, notes, now }) => {
      check(invoice, notes);
      if (ending.state === "VOID") await giveCreditsBack(transaction, invoice, now);
      await transaction.invoice.updateMany({ where: { tenantId: invoice.tenantId, id }, data: columnsOf(ending, now) });
      const [action, details] =
        ending.state === "PAID"
          ? ["invoice.paid", { number: invoice.number, reference: ending.paymentReference }]
          : ["invoice.voided", { number: invoice.number, reason: ending.voidReason }];
      await audit(transaction, { invoice, action, details, by });
      return await readInvoice(transaction, id);
    });
  }

  async #underLock<T>(
    id: string,
    work: (transaction: Transaction, locked: { invoice: Invoice; notes: Invoice[]; now: Date }) => Promise<T>,
  ): Promise<T | undefined> {
    return await this.#database.asSystem((prisma) =>
      prisma.$transaction(async (transaction) => {
        const tenantId = (await readInvoice(transaction, id))?.tenantId;
        if (tenantId === undefined) return undefined;
        const [row] = await transaction.$queryRaw<{ now: Date }[]>`
          select tollgate_now() as now from lock_tenant_ledger(${tenantId})`;
        // Again, now that nobody else can change it.
        const invoice = await readInvoice(transaction, id);
        if (invoice === undefined || row === undefined) return undefined;
        const notes = await transaction.invoice.findMany({
          where: { tenantId, correctsId: id },
          include: withLines,
          orderBy: { sequence: "asc" },
        });
        return await work(transaction, { invoice, notes: notes.map(invoiceOf), now: row.now });
      }),
    );
  }
}

async function readInvoice(transaction: Transaction, id: string): Promise<Invoice | undefined> {
  const row = await transaction.invoice.findFirst({ where: { id }, include: withLines });
  return row === null ? undefined : invoiceOf(row);
}

function columnsOf(ending: Ending, now: Date) {
  if (ending.state === "VOID") return { state: "VOID", voidedAt: now, voidReason: ending.voidReason };
  return { state: "PAID", paidAt: ending.paidAt ?? now, paymentReference: ending.paymentReference };
}

async function giveCreditsBack(transaction: Transaction, { tenantId, id }: Invoice, now: Date): Promise<void> {
  const uses = await transaction.creditUse.findMany({ where: { tenantId, invoiceId: id } });
  for (const { grantId, amountMicros } of uses) {
    await transaction.creditUse.create({
      data: { id: newId("creditUse"), tenantId, grantId, invoiceId: id, amountMicros: -amountMicros, usedAt: now },
    });
  }
}

async function audit(
  transaction: Transaction,
  of: { invoice: Invoice; action: string; details: Record<string, string>; by: By },
): Promise<void> {
  const { tenantId, id: subjectId } = of.invoice;
  const { actorId, requestId } = of.by;
  await recordAuditEvent(transaction, {
    tenantId,
    actorId,
    action: of.action,
    subjectId,
    details: of.details,
    requestId,
  });
}
