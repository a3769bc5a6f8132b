import { describe, expect, test } from "vitest";
import { columnsInput, guessedMapping, kindsOf } from "../../../dashboard/src/pages/jobs/column-mapping.ts";
import { csvHead } from "../../../dashboard/src/pages/jobs/csv-head.ts";
import { pastedInputs } from "../../../dashboard/src/pages/jobs/pasted-lines.ts";

describe("the head of a CSV", () => {
  test.each([
    [
      "plain rows",
      "a,b\n1,2\n3,4\n",
      [
        ["a", "b"],
        ["1", "2"],
      ],
    ],
    [
      "a mark of its encoding and Windows' ends of lines",
      "\uFEFFa,b\r\n1,2\r\n",
      [
        ["a", "b"],
        ["1", "2"],
      ],
    ],
    [
      "quotes, commas and ends of lines in a cell",
      'a,b\n"x, ""y""\nz",2\n',
      [
        ["a", "b"],
        ['x, "y"\nz', "2"],
      ],
    ],
    [
      "empty cells, the last one too",
      "a,b,c\n,2,\n",
      [
        ["a", "b", "c"],
        ["", "2", ""],
      ],
    ],
    ["a header and nothing else", "a,b", [["a", "b"]]],
    ["a second row that is cut off", "a,b\n1,2", [["a", "b"]]],
    ["a cell whose quote never ends", 'a,b\n1,"2', [["a", "b"]]],
    ["nothing", "", []],
  ])("is read with %s", (_what, text, rows) => {
    expect(csvHead(text, 2)).toEqual(rows);
  });
});

describe("which column is what", () => {
  const columns = (...names: string[]) => names.map((name) => ({ name, sample: "" }));

  test.each([
    ["its own name", columns("id", "subject", "text"), { kind: "text", column: "text", id: "id" }],
    ["the first that is not the id", columns("Id", "subject"), { kind: "text", column: "subject", id: "Id" }],
    ["the only one", columns("id"), { kind: "text", column: "id", id: "id" }],
  ])("is guessed by %s", (_how, given, mapping) => {
    expect(guessedMapping(given, kindsOf("TEXT_CLASSIFICATION"))).toEqual(mapping);
  });

  test("is guessed by which column has most in the first row", () => {
    const sampled = [
      { name: "number", sample: "17" },
      { name: "subject", sample: "Minutes of the meeting" },
      { name: "at", sample: "2026-11-24" },
    ];
    expect(guessedMapping(sampled, kindsOf("TEXT_CLASSIFICATION"))?.column).toBe("subject");
  });

  test("is tensors where a model of pictures is given a column of that name", () => {
    expect(guessedMapping(columns("tensor", "label"), kindsOf("IMAGE_CLASSIFICATION"))?.kind).toBe("tensor");
    expect(guessedMapping(columns("photo"), kindsOf("IMAGE_CLASSIFICATION"))?.kind).toBe("image");
  });

  test("is nothing where there are no columns", () => {
    expect(columnsInput(guessedMapping([], ["image"]))).toBeNull();
    expect(columnsInput({ kind: "text", column: "subject", id: undefined })).toEqual({ text: "subject" });
  });
});

describe("pasted lines", () => {
  test("are texts as they stand, empty ones left out", () => {
    expect(pastedInputs("one\n\n  two \n", ["text"])).toEqual({ inputs: [{ text: "one" }, { text: "  two " }] });
  });

  test("may be objects of JSON; what only looks like one is a text", () => {
    const { inputs } = pastedInputs('{"text": "one"}\n{not json}\n{"image": "x"}', ["text"]);
    expect(inputs).toEqual([{ text: "one" }, { text: "{not json}" }, { text: '{"image": "x"}' }]);
  });

  test("that a model of pictures cannot take are named by their number", () => {
    expect(pastedInputs('{"tensor": [1]}\n\nhello', ["image", "tensor"]).problem).toMatch(/^Line 3 /);
  });

  test("are 10,000 at the most", () => {
    expect(pastedInputs("x\n".repeat(10_000), ["text"]).inputs).toHaveLength(10_000);
    expect(pastedInputs("x\n".repeat(10_001), ["text"]).problem).toContain("10001");
  });
});
