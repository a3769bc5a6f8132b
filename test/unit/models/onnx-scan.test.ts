import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { scanOnnx } from "../../../src/domains/models/onnx-scan.ts";
import {
  attribute,
  bytesField,
  type GraphParts,
  graph,
  type ModelParts,
  model,
  node,
  tensor,
  textField,
  value,
  varintField,
} from "../../support/onnx-writer.ts";

const zeros = (bytes: number) => new Uint8Array(bytes);
const int64s = (...values: bigint[]) => new Uint8Array(BigInt64Array.from(values).buffer);

function problemsOf(parts: ModelParts): string[] {
  const outcome = scanOnnx(model(parts));
  return outcome.kind === "REFUSED" ? outcome.problems : [];
}

function problemsOfGraph(parts: GraphParts): string[] {
  return problemsOf({ graph: graph(parts) });
}

describe("a file is taken", () => {
  test("and what its graph takes and gives is read from it", () => {
    const inputs = [value("x", 1, ["rows", 4]), value("ids", 7, ["rows", ""])];
    const outcome = scanOnnx(model({ graph: graph({ inputs, outputs: [value("y", 1, ["rows", 4])] }) }));
    expect(outcome).toEqual({
      kind: "FOUND",
      signature: {
        inputs: [
          { name: "x", dtype: "float32", shape: ["rows", 4] },
          { name: "ids", dtype: "int64", shape: ["rows", "ids_1"] },
        ],
        outputs: [{ name: "y", dtype: "float32", shape: ["rows", 4] }],
        others: [],
      },
      opsets: { "ai.onnx": 17 },
      nodes: 1,
    });
  });

  test("with weights among its inputs, as older exporters write them", () => {
    const outcome = scanOnnx(
      model({
        graph: graph({
          inputs: [value("x"), value("w")],
          initializers: [tensor({ name: "w", dims: [2], raw: zeros(8) })],
        }),
      }),
    );
    expect(outcome).toMatchObject({ kind: "FOUND", signature: { inputs: [{ name: "x" }] } });
  });

  test.each(["digits", "mail"])("as it is shipped: %s", (name) => {
    const file = readFileSync(path.resolve(import.meta.dirname, `../../../models/${name}/1/model.onnx`));
    expect(scanOnnx(file).kind).toBe("FOUND");
  });

  test("with functions of its own", () => {
    const made = Buffer.concat([
      textField(1, "Twice"),
      bytesField(7, node({ operator: "Add", inputs: ["a", "a"], outputs: ["b"] })),
      textField(10, "mine"),
    ]);
    const call = node({ operator: "Twice", domain: "mine", inputs: ["x"], outputs: ["y"] });
    const parts = {
      graph: graph({ nodes: [call] }),
      opsets: [
        ["", 17],
        ["mine", 1],
      ] as [string, number][],
    };
    expect(problemsOf({ ...parts, rest: [bytesField(25, made)] })).toEqual([]);
    expect(problemsOf(parts)).toEqual([
      'it uses operators of the unknown domain "mine"',
      'node "a Twice" is mine.Twice, which is not run here',
    ]);
  });
});

describe("a file is refused that", () => {
  test("is empty, no model, or cut off", () => {
    expect(scanOnnx(zeros(0))).toEqual({ kind: "REFUSED", problems: ["the file is empty"] });
    expect(scanOnnx(Buffer.from("\x89PNG\r\n\x1a\n and more"))).toMatchObject({ kind: "REFUSED" });
    const whole = model();
    for (let length = 1; length < whole.length; length++) {
      const outcome = scanOnnx(whole.subarray(0, length));
      // At the border between two fields what is left can be a smaller, whole message: it then lacks something else.
      expect(outcome.kind, `${length} bytes`).toBe("REFUSED");
    }
  });

  const outside = tensor({ name: "emb", dims: [1], outside: "emb.bin" });
  const says = ' "emb" keeps its data in the file "emb.bin"; export with external_data=False';
  const places: [string, GraphParts, string][] = [
    ["an initializer", { initializers: [outside] }, `initializer${says}`],
    [
      "an attribute",
      {
        nodes: [
          node({ operator: "Constant", outputs: ["y"], attributes: [attribute("value", bytesField(5, outside))] }),
        ],
      },
      `the attribute "value", tensor${says}`,
    ],
    [
      "a list of tensors",
      { nodes: [node({ outputs: ["y"], attributes: [attribute("many", bytesField(10, outside))] })] },
      `the attribute "many", tensor${says}`,
    ],
    [
      "a sub-graph",
      {
        nodes: [
          node({
            operator: "If",
            inputs: ["x"],
            outputs: ["y"],
            attributes: [attribute("then_branch", bytesField(6, graph({ initializers: [outside] })))],
          }),
        ],
      },
      `initializer${says}`,
    ],
    [
      "a sparse tensor",
      {
        rest: [
          bytesField(15, Buffer.concat([bytesField(1, outside), bytesField(2, tensor({ dims: [0], dataType: 7 }))])),
        ],
      },
      `sparse tensor${says}`,
    ],
  ];
  test.each(places)("keeps data elsewhere in %s", (_place, parts, problem) => {
    expect(problemsOfGraph(parts)).toContain(problem);
  });

  test("keeps data elsewhere in a function, be it a node's or a default's", () => {
    const inNode = node({
      operator: "Constant",
      outputs: ["b"],
      attributes: [attribute("value", bytesField(5, outside))],
    });
    for (const part of [bytesField(7, inNode), bytesField(11, attribute("default", bytesField(5, outside)))]) {
      const made = Buffer.concat([textField(1, "F"), part, textField(10, "mine")]);
      expect(problemsOf({ rest: [bytesField(25, made)] }).join()).toContain(says);
    }
  });

  test("says that its data is elsewhere, and not where", () => {
    const nowhere = tensor({ name: "w", dims: [1], rest: [varintField(14, 1)] });
    expect(problemsOfGraph({ initializers: [nowhere] })).toEqual([
      'initializer "w" keeps its data outside of the model; export with external_data=False',
    ]);
  });

  test.each<[string, ModelParts, string]>([
    [
      "an opset that is not known yet",
      { opsets: [["", 27]] },
      "it is written for opset 27 of ai.onnx; up to 26 are run: export with opset_version=26 or lower",
    ],
    ["no opset", { opsets: [] }, "it names no opset of ai.onnx"],
    [
      "an unknown domain",
      {
        opsets: [
          ["", 17],
          ["evil", 1],
        ],
      },
      'it uses operators of the unknown domain "evil"',
    ],
    ["an IR version that is not known yet", { irVersion: 14 }, "it is written in IR version 14; 3 to 13 are read"],
    ["training steps", { rest: [bytesField(20, zeros(0))] }, "it holds training steps: export it for inference"],
  ])("has %s", (_what, parts, problem) => {
    expect(problemsOf(parts)).toEqual([problem]);
  });

  test("runs an operator of ONNX Runtime's own that reads a file", () => {
    const nodes = [node({ operator: "EPContext", domain: "com.microsoft", inputs: ["x"], outputs: ["y"] })];
    expect(
      problemsOf({
        graph: graph({ nodes }),
        opsets: [
          ["", 17],
          ["com.microsoft", 1],
        ],
      }),
    ).toEqual(['node "a EPContext" is com.microsoft.EPContext, which is not run here']);
  });

  test("declares more than it holds", () => {
    expect(problemsOfGraph({ initializers: [tensor({ name: "w", dims: [1024, 1024, 1024], raw: zeros(8) })] })).toEqual(
      ['initializer "w" declares 1073741824 elements of shape [1024, 1024, 1024] and holds 2'],
    );
    expect(problemsOfGraph({ initializers: [tensor({ name: "w", dims: [-1], raw: zeros(4) })] })).toEqual([
      'initializer "w" has impossible dimensions',
    ]);
  });

  test("would lay out gigabytes on the word of a few bytes", () => {
    const shape = tensor({ name: "shape", dims: [2], dataType: 7, raw: int64s(65_536n, 65_536n) });
    const maker = node({ operator: "ConstantOfShape", inputs: ["shape"], outputs: ["y"] });
    const problem = 'node "a ConstantOfShape" (ConstantOfShape) makes a tensor of 4294967296 elements';
    expect(problemsOfGraph({ initializers: [shape], nodes: [maker] })).toEqual([problem]);
    const constant = node({
      operator: "Constant",
      outputs: ["shape"],
      attributes: [attribute("value", bytesField(5, shape))],
    });
    expect(problemsOfGraph({ nodes: [constant, maker] })).toEqual([problem]);
    const random = node({
      operator: "RandomNormal",
      outputs: ["y"],
      attributes: [attribute("shape", varintField(8, 65_536), varintField(8, 65_536))],
    });
    expect(problemsOfGraph({ nodes: [random] }).join()).toContain("makes a tensor of 4294967296 elements");
  });

  test("nests too deep, has too many nodes, or a name without end", () => {
    let nested = graph();
    for (let depth = 0; depth < 8; depth++)
      nested = graph({ nodes: [node({ outputs: ["y"], attributes: [attribute("body", bytesField(6, nested))] })] });
    expect(problemsOf({ graph: nested })).toEqual(["graphs are nested more than 8 deep"]);
    const nodes = Array.from({ length: 100_001 }, (_, i) => node({ outputs: [`y${i}`] }));
    expect(problemsOfGraph({ nodes })).toEqual(["it has more than 100000 nodes"]);
    expect(problemsOfGraph({ nodes: [node({ outputs: ["y".repeat(3_000)] })] })).toEqual([
      "a name is longer than 2048 bytes",
    ]);
  });

  test("has functions that call each other in a circle, or multiply", () => {
    const calling = (name: string, called: string, times: number) =>
      bytesField(
        25,
        Buffer.concat([
          textField(1, name),
          ...Array.from({ length: times }, (_, i) =>
            bytesField(7, node({ operator: called, domain: called === "Neg" ? "" : "f", outputs: [`o${i}`] })),
          ),
          textField(10, "f"),
        ]),
      );
    const opsets: [string, number][] = [
      ["", 17],
      ["f", 1],
    ];
    const main = graph({ nodes: [node({ operator: "F0", domain: "f", outputs: ["y"] })] });
    expect(problemsOf({ graph: main, opsets, rest: [calling("F0", "F1", 1), calling("F1", "F0", 1)] })).toEqual([
      "its functions call each other in a circle",
    ]);
    const growing = Array.from({ length: 8 }, (_, i) => calling(`F${i}`, i === 7 ? "Neg" : `F${i + 1}`, 10));
    expect(problemsOf({ graph: main, opsets, rest: growing })).toEqual([
      "it comes to 100000000 nodes; the limit is 100000",
    ]);
  });

  test("gives one name to two values", () => {
    const twice = [node({ inputs: ["x"], outputs: ["y"] }), node({ inputs: ["x"], outputs: ["y"] })];
    expect(problemsOfGraph({ nodes: twice })).toEqual(['the name "y" is given to more than one value']);
    const weights = [tensor({ name: "w", dims: [1], raw: zeros(4) }), tensor({ name: "w", dims: [1], raw: zeros(4) })];
    expect(problemsOfGraph({ initializers: weights })).toEqual(['the initializer "w" is there more than once']);
  });

  test("takes or gives what no request can carry", () => {
    expect(problemsOfGraph({ inputs: [value("x", 10)] })).toEqual([
      'input "x" is float16; only float32, int64, int32 and uint8 go in and out',
    ]);
    expect(problemsOfGraph({ inputs: [value("x", 1, [])] })).toEqual([
      'input "x" has no shape; export with one, the batch first',
    ]);
  });
});
