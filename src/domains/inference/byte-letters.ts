import type { TokenPlace } from "./lower-case.ts";
import type { ReadText } from "./token-alignment.ts";

/**
 * Byte-level tokenizers read the bytes of UTF-8, each written as one printable letter: those of Latin-1 that can be seen
 * stand for themselves, the others for the letters from U+0100 on, in order.
 */
const letters = byteLetters();
export const spaceAsByteLetter = letters[0x20] ?? " ";

function byteLetters(): string[] {
  let hidden = 0x1_00;
  return Array.from({ length: 256 }, (_, byte) => {
    const isSeen = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
    return String.fromCodePoint(isSeen ? byte : hidden++);
  });
}

/** The text in these letters. All bytes of a character stand where the character stands. */
export function asByteLetters({ text, places }: ReadText): ReadText {
  const written: string[] = [];
  const writtenPlaces: TokenPlace[] = [];
  let at = 0;
  for (const character of text) {
    const place = { start: places[at]?.start ?? 0, end: places[at + character.length - 1]?.end ?? 0 };
    for (const byte of encoder.encode(character)) {
      written.push(letters[byte] ?? "");
      writtenPlaces.push(place);
    }
    at += character.length;
  }
  return { text: written.join(""), places: writtenPlaces };
}

const encoder = new TextEncoder();
