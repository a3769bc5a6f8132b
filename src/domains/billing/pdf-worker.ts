import { parentPort, workerData } from "node:worker_threads";
import type { PdfInvoice } from "./invoice-drawing.ts";
import { invoicePdf } from "./invoice-pdf.ts";
import { PdfFonts } from "./pdf-fonts.ts";

/** What a worker is given: one invoice to draw, and then it ends. */
export interface DrawingRequest {
  of: PdfInvoice;
  fontFile: string | undefined;
}

// Started by pdf-drawing.ts alone, with just that.
const { of, fontFile }: DrawingRequest = workerData;
parentPort?.postMessage(await invoicePdf(of, PdfFonts.open(fontFile)));
