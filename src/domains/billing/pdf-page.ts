import PDFDocument from "pdfkit";
import type { FontRun, PdfFonts } from "./pdf-fonts.ts";

export const page = { width: 595.28, height: 841.89, left: 50, right: 545.28, top: 50, bottom: 770 } as const;

interface TextOptions {
  x: number;
  width: number;
  size?: number;
  weight?: "regular" | "bold";
  align?: "left" | "right";
  colour?: string;
}

const ink = "#1a1a1a";

/** A document that is drawn from top to bottom, in whatever letters its texts have. */
export class PdfPage {
  readonly document: PDFKit.PDFDocument;
  readonly #fonts: PdfFonts;
  #y: number = page.top;

  constructor(fonts: PdfFonts, info: { title: string; author: string; createdAt: Date }) {
    this.#fonts = fonts;
    this.document = new PDFDocument({
      size: "A4",
      margin: 0,
      bufferPages: true,
      lang: "en",
      displayTitle: true,
      // The day of issue, not of drawing: the same invoice is the same document, whenever it is asked for.
      info: { Title: info.title, Author: info.author, CreationDate: info.createdAt, ModDate: info.createdAt },
    });
  }

  get y(): number {
    return this.#y;
  }

  moveTo(y: number): void {
    this.#y = y;
  }

  /** Draws a text from `y` on and returns where it ends. Where the next thing is drawn does not move. */
  text(text: string, { x, width, size = 9, weight = "regular", align = "left", colour = ink }: TextOptions): number {
    const lines = text.split("\n");
    let y = this.#y;
    for (const line of lines) y = this.#line(line, { x, y, width, size, weight, align, colour });
    return y;
  }

  rule(y: number, weight = 0.5): void {
    this.document.moveTo(page.left, y).lineTo(page.right, y).lineWidth(weight).strokeColor("#999999").stroke();
  }

  nextPage(): void {
    this.document.addPage();
    this.#y = page.top;
  }

  // Wrapped by hand at spaces, because one line may need several fonts, each with its own widths.
  #line(text: string, at: Required<TextOptions> & { y: number }): number {
    const lineHeight = at.size * 1.4;
    let y = at.y;
    for (const row of this.#wrapped(text, at)) {
      const width = this.#widthOf(row, at);
      let x = at.align === "right" ? at.x + at.width - width : at.x;
      for (const run of this.#fonts.runs(row, at.weight)) {
        this.#use(run, at.size);
        this.document.fillColor(at.colour).text(run.text, x, y, { lineBreak: false });
        x += this.document.widthOfString(run.text);
      }
      y += lineHeight;
    }
    return y;
  }

  #wrapped(text: string, at: Required<TextOptions>): string[] {
    const rows: string[] = [];
    let row = "";
    for (const word of text.split(" ").flatMap((one) => this.#broken(one, at))) {
      const longer = row === "" ? word : `${row} ${word}`;
      if (row !== "" && this.#widthOf(longer, at) > at.width) {
        rows.push(row);
        row = word;
      } else row = longer;
    }
    return [...rows, row];
  }

  /** A word that is wider than the column, in pieces that fit. */
  #broken(word: string, at: Required<TextOptions>): string[] {
    if (this.#widthOf(word, at) <= at.width) return [word];
    const pieces: string[] = [];
    let piece = "";
    for (const letter of word) {
      if (piece !== "" && this.#widthOf(piece + letter, at) > at.width) {
        pieces.push(piece);
        piece = letter;
      } else piece += letter;
    }
    return [...pieces, piece];
  }

  #widthOf(text: string, { size, weight }: Required<TextOptions>): number {
    return this.#fonts.runs(text, weight).reduce((width, run) => {
      this.#use(run, size);
      return width + this.document.widthOfString(run.text);
    }, 0);
  }

  #use({ file }: FontRun, size: number): void {
    this.document.font(file).fontSize(size);
  }
}
