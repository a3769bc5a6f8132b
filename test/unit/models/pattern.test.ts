import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { patternProblem } from "../../../src/domains/models/pattern.ts";

describe("a pattern that could hold the gateway for hours is refused:", () => {
  test.each([
    ["(a+)+$", "has an anchor"],
    ["(?:a+)+b", "goes on after a repetition without end"],
    ["(?:a|a)*b", "goes on after a repetition without end"],
    ["(?:a|aa)+c", "goes on after a repetition without end"],
    ["a+a+b", "goes on after a repetition without end"],
    ["[a-z]*[a-z]+", "goes on after a repetition without end"],
    ["(?:.*)*", "repeats without end what can match nothing"],
    ["(?:a*)+x", "repeats without end what can match nothing"],
    ["(?:a?){33,}", "repeats without end what can match nothing"],
    ["(?:a+){2}", "repeats a repetition without end"],
    ["(?:a|aa){9,}", "could match in more than 256 ways"],
    ["[a-z]{0,32}[a-z]{0,32}x", "could match in more than 256 ways"],
    ["(?:(?:(?:a{32}){32}){32}){32}", "could read more than 256 characters"],
    ["(?:a?){30}a{30}", "could match in more than 256 ways"],
    ["a+?", "has a lazy repetition"],
    ["(?=a)a", "looks around or names a group"],
    ["(?<name>a)", "looks around or names a group"],
    ["(a)\\1", "has \\1"],
    ["\\bword\\b", "has \\b"],
    ["a*", "can match nothing at all"],
    ["a|", "can match nothing at all"],
    ["[", "is not a regular expression"],
    [`${"(?:".repeat(9)}a${")".repeat(9)}`, "nests groups more than 8 deep"],
    ["a".repeat(1_001), "is longer than 1000 characters"],
  ])("%s", (pattern, problem) => {
    expect(patternProblem(pattern)).toContain(problem);
  });
});

describe("what tells words apart is taken:", () => {
  test.each([
    "[a-z]+(?:'[a-z]+)?|[0-9]+|[$!?%]",
    "[A-Za-z\\u00c0-\\u024f]+|[0-9]+|[!-/:-@\\[-`{-~]|\\n+",
    "(?:19|20)[0-9]{2}",
    "\\p{L}+(?:['\\u2019-]\\p{L}+)*|\\p{N}+",
    "\\w+|[^\\w\\s]+",
    "[^\\s\\]]+",
    "\\u{1F600}|.",
    "[0-9]{4,}",
  ])("%s", (pattern) => {
    expect(patternProblem(pattern)).toBeUndefined();
  });
});

/** Patterns of all that is allowed and much that is not. */
const { pattern: anyPattern } = fc.letrec<{ pattern: string; atom: string }>((tie) => ({
  atom: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom("a", "b", "[ab]", "."),
    tie("pattern").map((inner) => `(?:${inner})`),
  ),
  pattern: fc
    .array(
      fc
        .tuple(tie("atom"), fc.constantFrom("", "?", "*", "+", "{2}", "{0,3}", "{2,}", "|"))
        .map((parts) => parts.join("")),
      { minLength: 1, maxLength: 4 },
    )
    .map((parts) => parts.join("")),
}));

test("no pattern that is taken makes the engine try a text in more ways than its bounds allow", () => {
  const texts = ["a".repeat(3_000), `${"ab".repeat(1_500)}!`, "b".repeat(3_000)];
  fc.assert(
    fc.property(anyPattern, (pattern) => {
      if (patternProblem(pattern) !== undefined) return;
      // One that backtracks over the whole text would not come to its end on any of these within the test's time.
      for (const text of texts) expect([...text.matchAll(new RegExp(pattern, "gu"))].length).toBeLessThanOrEqual(3_001);
    }),
    { numRuns: 500 },
  );
});
