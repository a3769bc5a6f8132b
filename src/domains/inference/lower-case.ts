/** A text in lower case, and where each of its characters stood before. */
export interface LowerCased {
  text: string;
  /** The places in the original of what stands from `start` to `end`, both in UTF-16 code units. */
  placeOf: (start: number, end: number) => TokenPlace;
}

/** Where a token stands in the text that was sent, in UTF-16 code units, as JavaScript, Java and C# count. */
export interface TokenPlace {
  start: number;
  end: number;
}

/**
 * Lower case can be longer than the text: `İ` becomes an `i` and a combining dot. Only growth is known to Unicode, so a
 * text that kept its length kept every place (a test asks all characters).
 */
export function lowerCased(text: string): LowerCased {
  const lower = text.toLowerCase();
  if (lower.length === text.length) return { text: lower, placeOf: samePlace };
  const starts: number[] = [];
  let at = 0;
  for (const character of text) {
    const { length } = character.toLowerCase();
    // Surrogate pairs keep their two places; what grew stands where its one character stood.
    for (let i = 0; i < length; i++) starts.push(length === character.length ? at + i : at);
    at += character.length;
  }
  return {
    text: lower,
    placeOf: (start, end) => {
      const last = starts[end - 1] ?? 0;
      return { start: starts[start] ?? 0, end: last + widthAt(text, last) };
    },
  };
}

export function samePlace(start: number, end: number): TokenPlace {
  return { start, end };
}

/** One, or two where a surrogate pair begins. */
function widthAt(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xff_ff ? 2 : 1;
}
