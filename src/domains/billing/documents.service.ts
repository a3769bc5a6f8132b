import { notFound } from "../../core/errors.ts";
import type { InvoiceStore } from "./invoice.store.ts";
import type { Invoice, InvoiceScope } from "./invoice.ts";
import { invoiceCsv } from "./invoice-csv.ts";
import type { PdfDrawing } from "./pdf-drawing.ts";

export const documentFormats = ["pdf", "csv"] as const;
export type DocumentFormat = (typeof documentFormats)[number];

/** An invoice as a file. */
export interface InvoiceDocument {
  name: string;
  contentType: string;
  body: Buffer | string;
}

/** Writes invoices down for people who keep them. */
export class DocumentsService {
  readonly #store: InvoiceStore;
  readonly #drawing: PdfDrawing;

  constructor(store: InvoiceStore, drawing: PdfDrawing) {
    this.#store = store;
    this.#drawing = drawing;
  }

  /** Throws NOT_FOUND for an invoice that is not there, or not the tenant's. */
  async documentOf(scope: InvoiceScope, id: string, format: DocumentFormat): Promise<InvoiceDocument> {
    const invoice = await this.#store.find(scope, id);
    if (invoice === undefined) throw notFound("invoice");
    const name = `${invoice.number}.${format}`;
    switch (format) {
      case "csv":
        return { name, contentType: "text/csv; charset=utf-8", body: invoiceCsv(invoice) };
      case "pdf":
        return { name, contentType: "application/pdf", body: await this.#pdfOf(invoice) };
    }
  }

  async #pdfOf(invoice: Invoice): Promise<Buffer> {
    const { correctsId, tenantId } = invoice;
    const corrected = correctsId === undefined ? undefined : await this.#store.find({ tenantId }, correctsId);
    return await this.#drawing.draw({ invoice, correctsNumber: corrected?.number });
  }
}
