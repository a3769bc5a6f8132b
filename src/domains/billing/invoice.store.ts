import { isId } from "../../core/ids.ts";
import { type Page, type PageRequest, pageOf } from "../../core/page.ts";
import type { Database, Prisma } from "../../platform/database.ts";
import type { Invoice, InvoiceLine, InvoiceScope } from "./invoice.ts";
import { invoiceOf, lineOf } from "./invoice-rows.store.ts";

const withLines = { lines: { orderBy: { position: "asc" } } } as const;

/** Reads what was issued. */
export class InvoiceStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Newest first. */
  async page(scope: InvoiceScope, page: PageRequest): Promise<Page<Invoice>> {
    const rows = await this.#within(scope, (prisma) =>
      prisma.invoice.findMany({
        where: { ...ownedBy(scope), ...(page.after === undefined ? {} : { id: { lt: page.after } }) },
        include: withLines,
        orderBy: { id: "desc" },
        take: page.first + 1,
      }),
    );
    return pageOf(rows.map(invoiceOf), page);
  }

  async find(scope: InvoiceScope, id: string): Promise<Invoice | undefined> {
    if (!isId("invoice", id)) return undefined;
    const row = await this.#within(scope, (prisma) =>
      prisma.invoice.findFirst({ where: { ...ownedBy(scope), id }, include: withLines }),
    );
    return row === null ? undefined : invoiceOf(row);
  }

  /** A line, and the invoice that it stands in. */
  async findLine(scope: InvoiceScope, id: string): Promise<{ line: InvoiceLine; invoice: Invoice } | undefined> {
    if (!isId("invoiceLine", id)) return undefined;
    const row = await this.#within(scope, (prisma) =>
      prisma.invoiceLine.findFirst({
        where: { ...ownedBy(scope), id },
        include: { invoice: { include: withLines } },
      }),
    );
    return row === null ? undefined : { line: lineOf(row), invoice: invoiceOf(row.invoice) };
  }

  /** The credit notes of an invoice, oldest first. */
  async creditNotesOf(tenantId: string, invoiceId: string): Promise<Invoice[]> {
    const rows = await this.#database.forTenant(tenantId, (prisma) =>
      prisma.invoice.findMany({
        where: { tenantId, correctsId: invoiceId },
        include: withLines,
        orderBy: { sequence: "asc" },
      }),
    );
    return rows.map(invoiceOf);
  }

  #within<T>(scope: InvoiceScope, work: (prisma: Prisma) => Promise<T>): Promise<T> {
    return scope === "ALL_TENANTS" ? this.#database.asSystem(work) : this.#database.forTenant(scope.tenantId, work);
  }
}

function ownedBy(scope: InvoiceScope): { tenantId?: string } {
  return scope === "ALL_TENANTS" ? {} : { tenantId: scope.tenantId };
}
