import type { TokenPlace } from "./lower-case.ts";

/** A text as a tokenizer reads it: each of its characters stands for a place in what was sent. */
export interface ReadText {
  text: string;
  places: TokenPlace[];
}

/** One token of a tokenizer's, as far as its letters are known. */
export interface Surface {
  /** What it stands for in the text that is read; undefined for an unknown token. */
  letters: string | undefined;
}

/**
 * Where tokens stand, found again: the tokenizer tells its tokens, not their places. They come in the text's own order,
 * so each is looked for where the last one ended. One that is not there as it is written (an unknown one) reaches to the
 * next that is, or to the end of its word.
 */
export function alignTokens(
  read: ReadText,
  surfaces: readonly Surface[],
  isSpace: (letter: string) => boolean,
): TokenPlace[] {
  const places: TokenPlace[] = [];
  let at = 0;
  for (const [i, surface] of surfaces.entries()) {
    const letters = trimmed(surface.letters, isSpace);
    at = skipSpaces(read.text, at, isSpace);
    const end =
      letters === undefined || !read.text.startsWith(letters, at)
        ? endOfUnknown(read.text, { at, next: trimmed(surfaces[i + 1]?.letters, isSpace), isSpace })
        : at + letters.length;
    places.push(placeBetween(read, at, end));
    at = end;
  }
  return places;
}

function trimmed(letters: string | undefined, isSpace: (letter: string) => boolean): string | undefined {
  return letters === undefined ? undefined : letters.slice(skipSpaces(letters, 0, isSpace));
}

function skipSpaces(text: string, from: number, isSpace: (letter: string) => boolean): number {
  let at = from;
  while (at < text.length && isSpace(text[at] ?? "")) at++;
  return at;
}

function endOfUnknown(
  text: string,
  { at, next, isSpace }: { at: number; next: string | undefined; isSpace: (letter: string) => boolean },
): number {
  let end = at;
  while (end < text.length && !isSpace(text[end] ?? "")) {
    if (end > at && next !== undefined && next !== "" && text.startsWith(next, end)) break;
    end++;
  }
  return end;
}

/** From the first letter's start to the last one's end: a token may hold a part of a character only. */
function placeBetween({ places }: ReadText, from: number, to: number): TokenPlace {
  const [first, last] = [places[from], places[to - 1]];
  if (to > from && first !== undefined && last !== undefined) return { start: first.start, end: last.end };
  const nowhere = first?.start ?? places.at(-1)?.end ?? 0;
  return { start: nowhere, end: nowhere };
}

/**
 * The text after a normalizer that works on each visible character by itself, with the places it came from.
 * Normalizers compose and decompose within such characters and never across two.
 */
export function normalized(text: string, normalize: (part: string) => string): ReadText {
  const pieces: string[] = [];
  const places: TokenPlace[] = [];
  for (const { segment, index } of visibleCharacters.segment(text)) {
    const piece = normalize(segment);
    pieces.push(piece);
    const isSame = piece.length === segment.length;
    for (let i = 0; i < piece.length; i++) {
      places.push(isSame ? { start: index + i, end: index + i + 1 } : { start: index, end: index + segment.length });
    }
  }
  return { text: pieces.join(""), places };
}

const visibleCharacters = new Intl.Segmenter("und", { granularity: "grapheme" });
