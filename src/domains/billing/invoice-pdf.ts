import { once } from "node:events";
import type { Invoice } from "./invoice.ts";
import { drawFooters, drawHead, drawLines, drawTotals, type PdfInvoice } from "./invoice-drawing.ts";
import type { PdfFonts } from "./pdf-fonts.ts";
import { PdfPage } from "./pdf-page.ts";

/** The invoice as a document for a finance department. */
export async function invoicePdf(of: PdfInvoice, fonts: PdfFonts): Promise<Buffer> {
  const { invoice } = of;
  const page = new PdfPage(fonts, {
    title: `${invoice.kind === "INVOICE" ? "Invoice" : "Credit note"} ${invoice.number}`,
    author: invoice.seller.name,
    createdAt: invoice.issuedAt,
  });
  const chunks: Buffer[] = [];
  page.document.on("data", (chunk: Buffer) => chunks.push(chunk));
  const drawn = once(page.document, "end");
  drawHead(page, of);
  drawLines(page, invoice);
  drawTotals(page, invoice);
  drawFooters(page, invoice, { isComplete: isComplete(invoice, fonts) });
  page.document.end();
  await drawn;
  return Buffer.concat(chunks);
}

function isComplete({ seller, customer, lines, reason }: Invoice, fonts: PdfFonts): boolean {
  const texts = [seller.name, seller.address, customer.name, customer.address, reason ?? ""];
  return [...texts, ...lines.map((line) => line.description)].every((text) => fonts.covers(text));
}
