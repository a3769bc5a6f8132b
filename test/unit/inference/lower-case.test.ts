import fc from "fast-check";
import { expect, test } from "vitest";
import { lowerCased } from "../../../src/domains/inference/lower-case.ts";

test("no character becomes shorter in lower case: a text that kept its length kept every place", () => {
  for (let code = 0; code <= 0x10_ff_ff; code++) {
    const character = String.fromCodePoint(code);
    if (character.toLowerCase().length < character.length) expect.fail(`U+${code.toString(16)} becomes shorter`);
  }
});

test("every letter of the lower case is found where its character stood", () => {
  const letters = fc.oneof(
    { arbitrary: fc.string({ unit: "binary" }), weight: 1 },
    {
      arbitrary: fc.string({ unit: fc.constantFrom("\u0130", "a", "B", "\u{1F600}", "\u0301", "\u{10400}", "\u03A3") }),
      weight: 3,
    },
  );
  fc.assert(
    fc.property(letters, (text) => {
      const { text: lower, placeOf } = lowerCased(text);
      expect(lower).toBe(text.toLowerCase());
      let at = 0;
      for (const letter of lower) {
        const { start, end } = placeOf(at, at + letter.length);
        expect(start).toBeLessThan(end);
        // A sigma knows whether it ends a word; by itself it cannot.
        expect(text.slice(start, end).toLowerCase()).toContain(letter.replace("\u03C2", "\u03C3"));
        at += letter.length;
      }
    }),
  );
});
