import { once } from "node:events";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { BoundedWork } from "../../platform/bounded-work.ts";
import type { PdfInvoice } from "./invoice-drawing.ts";
import { PdfFonts } from "./pdf-fonts.ts";
import type { DrawingRequest } from "./pdf-worker.ts";

/** Far more than the largest invoice takes. */
const longestMs = 20_000;

/**
 * Draws invoices beside the gateway's own thread: the fonts and a page take 0.1 s of a core, in which nobody else would be
 * answered. One at a time, some in line, and the rest are turned away.
 */
export class PdfDrawing {
  readonly #fontFile: string | undefined;
  readonly #door = new BoundedWork({ atOnce: 1, maxWaiting: 16, what: "invoices are being drawn" });

  /** Throws StartError for a file that is no font: an invoice is too late to find out. */
  constructor(fontFile: string | undefined) {
    PdfFonts.open(fontFile);
    this.#fontFile = fontFile;
  }

  async draw(of: PdfInvoice): Promise<Buffer> {
    return await this.#door.run(() => drawInWorker({ of, fontFile: this.#fontFile }));
  }
}

async function drawInWorker(request: DrawingRequest): Promise<Buffer> {
  const worker = new Worker(entry(), { workerData: request, env: {} });
  try {
    const [drawn] = await once(worker, "message", { signal: AbortSignal.timeout(longestMs) });
    return Buffer.from(drawn);
  } finally {
    await worker.terminate();
  }
}

/** The file beside this one: TypeScript in the tests, JavaScript once it is built. */
function entry(): string {
  return fileURLToPath(new URL(`pdf-worker${path.extname(import.meta.url)}`, import.meta.url));
}
