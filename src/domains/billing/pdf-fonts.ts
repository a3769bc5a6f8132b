import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { openSync } from "fontkit";
import { messageOf } from "../../core/errors.ts";
import { StartError } from "../../platform/start-error.ts";

/** A stretch of a text that one font can show. */
export interface FontRun {
  file: string;
  text: string;
}

interface Coverage {
  regular: string;
  bold: string;
  has(codePoint: number): boolean;
}

/**
 * Which font shows which letter. PDF's own fonts have the letters of western Europe only, so DejaVu Sans comes with Tollgate:
 * Latin, Greek, Cyrillic and more. What it lacks is taken from the operator's own font, and a letter that neither has is
 * written as its code point: a name that cannot be shown must not be shown wrongly.
 */
export class PdfFonts {
  readonly #fonts: readonly Coverage[];

  private constructor(fonts: readonly Coverage[]) {
    this.#fonts = fonts;
  }

  /** Throws StartError for a file that is no font: an invoice is too late to find out. */
  static open(fallbackFile: string | undefined): PdfFonts {
    const require = createRequire(import.meta.url);
    const dejaVu = {
      regular: require.resolve("dejavu-fonts-ttf/ttf/DejaVuSans.ttf"),
      bold: require.resolve("dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf"),
    };
    const fallback = fallbackFile === undefined ? [] : [coverageOf({ regular: fallbackFile, bold: fallbackFile })];
    return new PdfFonts([coverageOf(dejaVu), ...fallback]);
  }

  /** The text in runs of one font each. */
  runs(text: string, weight: "regular" | "bold"): FontRun[] {
    const runs: FontRun[] = [];
    for (const letter of text) {
      const { font, shown } = this.#show(letter);
      const file = font[weight];
      const last = runs.at(-1);
      if (last?.file === file) last.text += shown;
      else runs.push({ file, text: shown });
    }
    return runs;
  }

  /** Whether every letter can be shown as itself. */
  covers(text: string): boolean {
    return [...text].every((letter) => letter === "\n" || this.#fontOf(letter) !== undefined);
  }

  #show(letter: string): { font: Coverage; shown: string } {
    const [first] = this.#fonts;
    if (first === undefined) throw new Error("There is no font.");
    const font = letter === "\n" ? first : this.#fontOf(letter);
    if (font !== undefined) return { font, shown: letter };
    const codePoint = letter.codePointAt(0) ?? 0;
    return { font: first, shown: `[U+${codePoint.toString(16).toUpperCase().padStart(4, "0")}]` };
  }

  #fontOf(letter: string): Coverage | undefined {
    return this.#fonts.find((font) => font.has(letter.codePointAt(0) ?? 0));
  }
}

function coverageOf({ regular, bold }: { regular: string; bold: string }): Coverage {
  try {
    if (!existsSync(regular)) throw new Error("there is no such file");
    const font = openSync(regular);
    if (!("hasGlyphForCodePoint" in font)) throw new Error("it is a collection of fonts: name a file of one");
    return { regular, bold, has: (codePoint) => font.hasGlyphForCodePoint(codePoint) };
  } catch (error) {
    throw new StartError(`The font ${regular} cannot be used: ${messageOf(error)}. See INVOICE_FONT.`, {
      cause: error,
    });
  }
}
