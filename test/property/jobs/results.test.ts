import fc from "fast-check";
import { expect, test } from "vitest";
import type { ItemOutcome } from "../../../src/domains/jobs/outcome.ts";
import { csvRowOf } from "../../../src/domains/jobs/result-csv.ts";
import { unpackLines, unpackText } from "../../../src/domains/jobs/slice.ts";
import { mergeResults, withoutFailed } from "../../../src/domains/jobs/slice-results.ts";

const outcome = fc.oneof(
  fc.record({ label: fc.string({ unit: "grapheme" }), score: fc.double({ min: 0, max: 1, noNaN: true }) }).map(
    ({ label, score }): ItemOutcome => ({
      kind: "SUCCEEDED",
      output: { index: 0, label, score, scores: [{ label, score }], truncated: false },
      tokens: 0,
      computeUs: 1,
    }),
  ),
  fc
    .string({ unit: "grapheme" })
    .map((message): ItemOutcome => ({ kind: "FAILED", code: "INVALID_INPUT", message, attempts: 1 })),
);

/** Items, and the order and parts in which they end. */
const course = fc.array(outcome, { minLength: 1, maxLength: 40 }).chain((outcomes) =>
  fc.record({
    outcomes: fc.constant(outcomes),
    order: fc.shuffledSubarray([...outcomes.keys()], { minLength: outcomes.length }),
    cut: fc.nat(outcomes.length),
    firstItem: fc.nat(1_000_000),
  }),
);

test("in whatever parts items end, the results are the same, in order, and as long as is said", () => {
  fc.assert(
    fc.property(course, ({ outcomes, order, cut, firstItem }) => {
      const records = outcomes.map((_, place) => ({ line: place + 1, id: `=id ${place}` }));
      const of = (places: number[]) =>
        new Map(places.flatMap((place) => (outcomes[place] === undefined ? [] : [[place, outcomes[place]] as const])));
      const none = { states: new Uint8Array(outcomes.length), results: undefined };
      const whole = mergeResults(none, firstItem, records, of(order));
      const half = mergeResults(none, firstItem, records, of(order.slice(0, cut)));
      // The second part comes with the first once more: what has ended does not end again.
      const parts = mergeResults(half, firstItem, records, of(order));
      expect(unpackText(parts.results).equals(unpackText(whole.results))).toBe(true);
      expect(Buffer.from(parts.states).equals(Buffer.from(whole.states))).toBe(true);
      const lines = unpackLines(whole.results);
      expect(lines.map((line) => JSON.parse(line).index)).toEqual(outcomes.map((_, place) => firstItem + place));
      expect(whole.jsonlBytes).toBe(unpackText(whole.results).length);
      expect(whole.csvBytes).toBe(Buffer.byteLength(lines.map(csvRowOf).join("")));
      expect(whole.waiting).toBe(0);
    }),
  );
});

test("a retry puts back the failed items and nothing else", () => {
  fc.assert(
    fc.property(course, ({ outcomes, order, firstItem }) => {
      const records = outcomes.map((_, place) => ({ line: place + 1 }));
      const all = new Map(
        order.flatMap((place) => (outcomes[place] === undefined ? [] : [[place, outcomes[place]] as const])),
      );
      const whole = mergeResults(
        { states: new Uint8Array(outcomes.length), results: undefined },
        firstItem,
        records,
        all,
      );
      const reopened = withoutFailed(whole, firstItem);
      expect(reopened).toMatchObject({ succeeded: whole.succeeded, failed: 0, waiting: whole.failed });
      const again = mergeResults(reopened, firstItem, records, all);
      expect(unpackText(again.results).equals(unpackText(whole.results))).toBe(true);
    }),
  );
});

test("no cell of CSV begins like a formula, and a row is one row", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.constantFrom("=", "+", "-", "@", "\t", "\r", ""), (text, mark) => {
      const row = csvRowOf(
        JSON.stringify({ index: 1, line: 2, id: mark + text, label: "x", score: 0.5, truncated: false }),
      );
      const cell = /^1,2,(?:"((?:[^"]|"")*)"|([^",\r\n]*)),x,0.5,false,,\r\n$/s.exec(row);
      const id = cell?.[1]?.replaceAll('""', '"') ?? cell?.[2] ?? "no cell";
      expect(id).toBe(/^[=+\-@\t\r]/.test(mark + text) ? `'${mark}${text}` : mark + text);
    }),
  );
});
