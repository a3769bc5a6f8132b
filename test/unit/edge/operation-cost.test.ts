import { buildSchema, type FragmentDefinitionNode, type OperationDefinitionNode, parse } from "graphql";
import { describe, expect, test } from "vitest";
import type { TollgateError } from "../../../src/core/errors.ts";
import { checkOperation, type OperationPlan, planOperation } from "../../../src/edge/graphql/operation-cost.ts";

// Deeper than the house's own schema, so that every bound can be reached.
const schema = buildSchema(`
  type Query { folder: Folder, things(first: Int = 20): [Thing!]!, tags: [String!]! }
  type Mutation { infer(input: In!): Out, other(input: In!): Out }
  type Folder { folder: Folder, name: String, things(first: Int): [Thing!]!, infer(input: In): Out }
  interface Named { name: String }
  type Thing implements Named { name: String, things(first: Int): [Thing!]!, named: Named }
  input In { inputs: [One!]!, topK: Int, explain: Explain }
  input Explain { method: Method!, outputIndexes: [Int!], samples: Int }
  enum Method { OCCLUSION INTEGRATED_GRADIENTS SHAP ATTENTION }
  input One { text: String }
  type Out { id: ID, thing: Thing }
`);

function planOf(text: string): OperationPlan {
  const { definitions } = parse(text);
  const operation = definitions.find((one): one is OperationDefinitionNode => one.kind === "OperationDefinition");
  const fragments = definitions.filter((one): one is FragmentDefinitionNode => one.kind === "FragmentDefinition");
  if (operation === undefined) throw new Error("There is no operation.");
  return planOperation(schema, operation, new Map(fragments.map((one) => [one.name.value, one])));
}

function refusalOf(work: () => void): TollgateError {
  try {
    work();
  } catch (error) {
    return error as TollgateError;
  }
  throw new Error("It was not refused.");
}

describe("the depth of", () => {
  test.each([
    ["{ folder { name } }", 2],
    ["{ folder { folder { folder { name } } } tags }", 4],
    ["{ ... { folder { ... on Folder { name } } } }", 2],
    ["{ ...F } fragment F on Query { folder { ...G } } fragment G on Folder { folder { name } }", 3],
    ["{ things { named { ... on Thing { name } } } }", 3],
    ["{ __typename }", 1],
    // GraphQL bounds it by itself.
    ["{ __schema { types { fields { type { ofType { ofType { name } } } } } } }", 1],
  ])("%s is %d", (text, depth) => {
    expect(planOf(text).depth).toBe(depth);
  });
});

describe("the aliases of", () => {
  test.each([
    ["{ folder { name } }", 0],
    ["{ a: folder { b: name c: name } }", 3],
    ["{ ...F ...F } fragment F on Query { a: tags }", 2],
    ["{ __schema { a: types { b: name c: name } } }", 3],
    ['{ a: __type(name: "In") { b: name } }', 2],
  ])("%s are %d", (text, aliases) => {
    expect(planOf(text).aliases).toBe(aliases);
  });
});

describe("the cost of", () => {
  test.each([
    ["{ folder { name } }", {}, 2],
    ["{ things { name } }", {}, 21],
    ["{ things(first: 5) { name named { name } } }", {}, 16],
    ["query($n: Int) { things(first: $n) { name } }", { n: 7 }, 8],
    ["query($n: Int = 9) { things(first: $n) { name } }", {}, 10],
    ["query($n: Int = 9) { things(first: $n) { name } }", { n: 3 }, 4],
    ["query($n: Int) { things(first: $n) { name } }", {}, 2],
    // More than a page can have is refused by the field itself, and so costs no more than that.
    ["{ things(first: 2000000000) { name } }", {}, 101],
    ["{ things(first: -3) { name } }", {}, 2],
    ["{ things(first: 50) { things(first: 50) { name } } }", {}, 2_551],
    ["{ ...F } fragment F on Query { things(first: 2) { name } }", {}, 3],
  ])("%s with %j is %d", (text, variables, cost) => {
    expect(planOf(text).cost(variables)).toBe(cost);
  });
});

const three = [{ text: "a" }, { text: "b" }, { text: "c" }];

describe("the inputs of", () => {
  test.each([
    ['mutation { infer(input: { inputs: [{ text: "a" }, {}] }) { id } }', {}, 2],
    ['mutation { infer(input: { inputs: { text: "a" } }) { id } }', {}, 1],
    ["mutation { infer(input: { inputs: [] }) { id } }", {}, 0],
    ["mutation($i: In!) { infer(input: $i) { id } }", { i: { inputs: three } }, 3],
    ["mutation($i: In!) { infer(input: $i) { id } }", { i: { inputs: { text: "a" } } }, 1],
    ["mutation($i: In! = { inputs: [{}, {}] }) { infer(input: $i) { id } }", {}, 2],
    ["mutation($i: In! = { inputs: [{}, {}] }) { infer(input: $i) { id } }", { i: { inputs: three } }, 3],
    ["mutation($i: [One!]!) { infer(input: { inputs: $i }) { id } }", { i: three }, 3],
    ["mutation($i: [One!]! = [{}, {}]) { infer(input: { inputs: $i }) { id } }", {}, 2],
    ["mutation($a: One!) { infer(input: { inputs: [$a, $a] }) { id } }", { a: { text: "a" } }, 2],
    ["mutation($i: In!) { a: infer(input: $i) { id } b: infer(input: $i) { id } }", { i: { inputs: three } }, 6],
    [
      "mutation($i: In!) { ...F ... { a: infer(input: $i) { id } } } fragment F on Mutation { infer(input: $i) { id } }",
      { i: { inputs: three } },
      6,
    ],
    // Only what is metered counts.
    ["mutation($i: In!) { other(input: $i) { id } }", { i: { inputs: three } }, 0],
    ["query($i: In!) { folder { infer(input: $i) { id } } }", { i: { inputs: three } }, 0],
    // What the field itself will refuse.
    ["mutation($i: In!) { infer(input: $i) { id } }", {}, 0],
    ["mutation($i: In!) { infer(input: $i) { id } }", { i: null }, 0],
    ["mutation($i: In!) { infer(input: $i) { id } }", { i: { inputs: null } }, 0],
  ])("%s with %j are %d", (text, variables, inputs) => {
    expect(planOf(text).inputs(variables)).toBe(inputs);
  });
});

describe("the changed inputs that explanations could take:", () => {
  const explained = "mutation($i: In!) { infer(input: $i) { id } }";
  const twoInputs = [{}, {}];
  test.each([
    ["mutation { infer(input: { inputs: [{}, {}], explain: { method: SHAP, samples: 100 } }) { id } }", {}, 202],
    ["mutation { infer(input: { inputs: [{}], explain: { method: SHAP } }) { id } }", {}, 257],
    ["mutation { infer(input: { inputs: [{}], explain: { method: ATTENTION } }) { id } }", {}, 0],
    [explained, { i: { inputs: twoInputs, explain: { method: "INTEGRATED_GRADIENTS", samples: 2 } } }, 514],
    [explained, { i: { inputs: twoInputs, explain: { method: "OCCLUSION", outputIndexes: [1] } } }, 257],
    [explained, { i: { inputs: twoInputs, explain: { method: "OCCLUSION", outputIndexes: [1, 1, 1] } } }, 514],
    [explained, { i: { inputs: twoInputs, explain: { method: "OCCLUSION", outputIndexes: [] } } }, 514],
    [explained, { i: { inputs: twoInputs, explain: null } }, 0],
    [
      "mutation($m: Method!, $x: [One!]!) { infer(input: { inputs: $x, explain: { method: $m, samples: 9 } }) { id } }",
      { m: "SHAP", x: twoInputs },
      20,
    ],
    [
      "mutation($e: Explain = { method: SHAP, samples: 99 }) { infer(input: { inputs: [{}], explain: $e }) { id } }",
      {},
      100,
    ],
    [
      "mutation($i: In!) { a: infer(input: $i) { id } b: infer(input: $i) { id } }",
      { i: { inputs: twoInputs, explain: { method: "OCCLUSION" } } },
      1028,
    ],
    [
      "mutation($i: In!) { other(input: $i) { id } }",
      { i: { inputs: twoInputs, explain: { method: "OCCLUSION" } } },
      0,
    ],
  ])("%s with %j", (text, variables, evaluations) => {
    expect(planOf(text).evaluations(variables)).toBe(evaluations);
  });
});

describe("an operation is refused one beyond a bound, and not at it:", () => {
  const limits = { maxDepth: 3, maxAliases: 2, maxCost: 30, maxInputs: 3, maxEvaluations: 257 };
  test.each([
    [
      "depth",
      "{ folder { folder { name } } }",
      "{ folder { folder { folder { name } } } }",
      "is nested 4 levels deep; the limit is 3",
    ],
    ["aliases", "{ a: tags b: tags }", "{ a: tags b: tags c: tags }", "has 3 aliases; the limit is 2"],
    [
      "cost",
      "{ things(first: 29) { name } }",
      "{ things(first: 30) { name } }",
      "would resolve 31 fields; the limit is 30",
    ],
    [
      "inputs",
      "mutation { infer(input: { inputs: [{}, {}, {}] }) { id } }",
      "mutation { infer(input: { inputs: [{}, {}, {}, {}] }) { id } }",
      "infers 4 inputs; the limit is 3",
    ],
    [
      "explanations",
      "mutation { infer(input: { inputs: [{}], explain: { method: OCCLUSION } }) { id } }",
      "mutation { infer(input: { inputs: [{}, {}], explain: { method: OCCLUSION } }) { id } }",
      "could explain by 514 changed inputs; the limit is 257",
    ],
  ])("%s", (_name, at, beyond, says) => {
    checkOperation(planOf(at), {}, limits);
    const error = refusalOf(() => checkOperation(planOf(beyond), {}, limits));
    expect(error.code).toBe("QUERY_TOO_COMPLEX");
    expect(error.message).toBe(`The operation ${says}. Split it up.`);
  });
});

test("fragments that double at each step are given up before they have been walked", () => {
  const doubling = Array.from({ length: 60 }, (_, i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} }`);
  const startedAt = performance.now();
  const error = refusalOf(() => planOf(`{ ...F0 } ${doubling.join(" ")} fragment F60 on Query { tags }`));
  expect(error.message).toBe("The operation has more than 20000 fields and fragments. Split it up.");
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});
