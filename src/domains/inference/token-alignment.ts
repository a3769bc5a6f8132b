import type { TokenPlace } from "./lower-case.ts";

/** A text as a tokenizer reads it: each of its characters stands for a place in what was sent. */
export interface ReadText {
  text: string;
  places: TokenPlace[];
}

/** How a tokenizer writes its tokens. */
export interface Writing {
  isSpace: (letter: string) => boolean;
  /** Whether what is unknown to it is unknown as a whole word; otherwise it is as little as can be. */
  isUnknownByWord: boolean;
}

/**
 * Where tokens stand, found again: the tokenizer tells its tokens, not their places. They come in the text's own order,
 * so each is looked for where the last one ended. An unknown one reaches to the end of its word, or to the next token.
 *
 * @param tokens the letters of each, as they stand in the text that is read; undefined for an unknown one.
 */
export function alignTokens(read: ReadText, tokens: readonly (string | undefined)[], writing: Writing): TokenPlace[] {
  const places: TokenPlace[] = [];
  let at = 0;
  for (const [i, token] of tokens.entries()) {
    const isOnlySpace = token !== undefined && skipSpaces(token, 0, writing) === token.length;
    if (!isOnlySpace) at = skipSpaces(read.text, at, writing);
    const letters = isOnlySpace ? token : trimmed(token, writing);
    const isThere = letters !== undefined && read.text.startsWith(letters, at);
    const end = isThere
      ? at + letters.length
      : endOfUnknown(read.text, { at, next: trimmed(tokens[i + 1], writing), writing });
    places.push(placeBetween(read, at, end));
    at = end;
  }
  return places;
}

function trimmed(token: string | undefined, writing: Writing): string | undefined {
  return token === undefined ? undefined : token.slice(skipSpaces(token, 0, writing));
}

function skipSpaces(text: string, from: number, { isSpace }: Writing): number {
  let at = from;
  while (at < text.length && isSpace(text[at] ?? "")) at++;
  return at;
}

function endOfUnknown(
  text: string,
  { at, next, writing }: { at: number; next: string | undefined; writing: Writing },
): number {
  if (writing.isUnknownByWord) return at + (wholeWord.exec(text.slice(at, at + longestWord))?.[0].length ?? 0);
  let end = at;
  while (end < text.length && !writing.isSpace(text[end] ?? "")) {
    if (end > at && next !== undefined && next !== "" && text.startsWith(next, end)) break;
    end++;
  }
  return end;
}

/** What is split at spaces and signs: a sign is a word of its own. */
const wholeWord = /^(?:[\p{L}\p{N}\p{M}\p{Cf}]+|.)/su;
const longestWord = 1_000;

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
