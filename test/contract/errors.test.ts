import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { type ErrorCode, errorCatalogue } from "../../src/core/errors.ts";

const page = readFileSync(path.resolve(import.meta.dirname, "../../docs/errors.md"), "utf8");

/** What stands under each heading of the second level. */
const sections = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const [heading = "", ...lines] = section.split("\n");
      return [heading.trim(), lines.join("\n")];
    }),
);

test("docs/errors.md has a section for each code, and for nothing else", () => {
  expect([...sections.keys()]).toEqual(Object.keys(errorCatalogue));
});

describe("the section of", () => {
  test.each(Object.entries(errorCatalogue))(
    "%s says what happened, what to do, and what the code promises",
    (code, promise) => {
      const text = sections.get(code) ?? "";
      expect(text).toMatch(
        new RegExp(`^\\nHTTP ${promise.status} · retryable: ${promise.retryable ? "yes" : "no"}\\n`),
      );
      expect(text).toMatch(/^\*\*What happened\.\*\* .{20,}$/m);
      expect(text).toMatch(/^\*\*What to do\.\*\* .{20,}$/m);
    },
  );

  test.each(Object.keys(errorCatalogue) as ErrorCode[])("%s shows an example of it", (code) => {
    const example = JSON.parse(/```json\n([\s\S]*?)\n```/.exec(sections.get(code) ?? "")?.[1] ?? "{}");
    expect(example).toMatchObject({
      message: expect.stringMatching(/.{10,}/),
      extensions: {
        code,
        retryable: errorCatalogue[code].retryable,
        requestId: expect.stringMatching(/^req_[0-9a-z]{26}$/),
      },
    });
  });
});
