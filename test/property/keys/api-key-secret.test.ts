import fc from "fast-check";
import { expect, test } from "vitest";
import { makeApiKey, parseApiKey } from "../../../src/domains/keys/api-key-secret.ts";

test("parsing gives back what was made, for any key", () => {
  fc.assert(
    fc.property(fc.constant(undefined).map(makeApiKey), (made) => {
      expect(parseApiKey(made.credential)).toEqual({ id: made.id, secretHash: made.secretHash });
    }),
    { numRuns: 2_000 },
  );
});

test("one character replaced by any other is always caught", () => {
  const anyCharacter = fc.string({ minLength: 1, maxLength: 1, unit: "grapheme" });
  fc.assert(
    fc.property(
      fc.nat(72),
      anyCharacter,
      fc.constant(undefined).map(makeApiKey),
      (place, character, { credential }) => {
        fc.pre(credential[place] !== character);
        const typo = credential.slice(0, place) + character + credential.slice(place + 1);
        expect(() => parseApiKey(typo)).toThrow();
      },
    ),
    { numRuns: 5_000 },
  );
});

test("text that was not made here is never taken for a key", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(() => parseApiKey(text)).toThrow();
    }),
  );
});
