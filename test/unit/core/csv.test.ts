import { expect, test } from "vitest";
import { csvLine } from "../../../src/core/csv.ts";

test("a line ends as RFC 4180 has it, and quotes only what needs it", () => {
  expect(csvLine(["a", 1, -2n, undefined, new Date(0), 'say "hi"', "a,b", "two\nlines"])).toBe(
    'a,1,-2,,1970-01-01T00:00:00.000Z,"say ""hi""","a,b","two\nlines"\r\n',
  );
});

test.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])("%j is no formula to a spreadsheet", (text) => {
  expect(csvLine([text]).replace(/^"/, "")).toMatch(/^'/);
});

test("a formula that also needs quotes has both", () => {
  expect(csvLine(['=HYPERLINK("http://x","y")'])).toBe(`"'=HYPERLINK(""http://x"",""y"")"\r\n`);
});
