import { messageOf } from "../../core/errors.ts";
import { BeyondLimit, readOnnxFile } from "./onnx-file.ts";
import type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxNode, OnnxSparseTensor, OnnxTensor } from "./onnx-model.ts";
import { nodesWhenExpanded, operatorProblems, withNested } from "./onnx-operators.ts";
import { type GraphSignature, signatureOf } from "./onnx-signature.ts";
import { declaredSizeProblems, tensorProblems } from "./onnx-sizes.ts";
import { Malformed } from "./protobuf.ts";

export type ScanOutcome =
  | { kind: "FOUND"; signature: GraphSignature; opsets: Record<string, number>; nodes: number }
  | { kind: "REFUSED"; problems: string[] };

const limits = { maxNodes: 100_000, maxNesting: 8, maxNameLength: 2_048 };
const maxProblems = 10;

/**
 * Reads an ONNX file before ONNX Runtime sees a byte of it: what it would read beside the file, run without end, or lay
 * out in memory on the word of a few bytes. A pure function of the bytes; it throws nothing, whatever they are.
 */
export function scanOnnx(file: Uint8Array): ScanOutcome {
  if (file.length === 0) return refused(["the file is empty"]);
  let model: OnnxModel;
  try {
    model = readOnnxFile(file, limits);
  } catch (error) {
    if (error instanceof BeyondLimit) return refused([error.message]);
    if (error instanceof Malformed)
      return refused([`the file is no ONNX model, or is damaged: ${messageOf(error)}. Upload it again`]);
    throw error;
  }
  const { graph } = model;
  if (graph === undefined) return refused(["the file is no ONNX model: it holds no graph"]);
  const problems = firstOf(problemsIn(model, graph));
  const signature = signatureOf(graph);
  if ("problems" in signature) problems.push(...signature.problems);
  if (problems.length > 0 || "problems" in signature) return refused(problems);
  return {
    kind: "FOUND",
    signature,
    opsets: Object.fromEntries(model.opsets.map(({ domain, version }) => [domain || "ai.onnx", version])),
    nodes: [...nodesOf(model, graph)].length,
  };
}

function refused(problems: string[]): ScanOutcome {
  return { kind: "REFUSED", problems: problems.slice(0, maxProblems) };
}

function firstOf(problems: Iterable<string>): string[] {
  const first: string[] = [];
  for (const problem of problems) {
    if (!first.includes(problem)) first.push(problem);
    if (first.length === maxProblems) break;
  }
  return first;
}

function* problemsIn(model: OnnxModel, graph: OnnxGraph): Generator<string> {
  const { functions } = model;
  if (model.hasTraining) yield "it holds training steps: export it for inference";
  yield* operatorProblems({ ...model, nodes: nodesOf(model, graph) });
  const expanded = nodesWhenExpanded(graph.nodes, functions);
  if (expanded === Number.POSITIVE_INFINITY) yield "its functions call each other in a circle";
  else if (expanded > limits.maxNodes) yield `it comes to ${expanded} nodes; the limit is ${limits.maxNodes}`;
  for (const one of graphsIn(graph)) yield* graphProblems(one);
  for (const made of functions) {
    yield* attributeProblems(made.attributes);
    for (const nested of nestedGraphs(made.nodes)) yield* graphProblems(nested);
    yield* nodeProblems(made.nodes, []);
  }
}

function* graphProblems(graph: OnnxGraph): Generator<string> {
  for (const tensor of graph.initializers) yield* tensorProblems("initializer", tensor);
  for (const sparse of graph.sparseInitializers) yield* sparseProblems(sparse);
  yield* repeatedNames(graph);
  yield* nodeProblems(graph.nodes, graph.initializers);
}

function* nodeProblems(nodes: readonly OnnxNode[], initializers: readonly OnnxTensor[]): Generator<string> {
  yield* declaredSizeProblems(nodes, initializers);
  for (const node of nodes) yield* attributeProblems(node.attributes);
}

function* attributeProblems(attributes: readonly OnnxAttribute[]): Generator<string> {
  for (const attribute of attributes) {
    for (const tensor of attribute.tensors) yield* tensorProblems(`the attribute "${attribute.name}", tensor`, tensor);
    for (const sparse of attribute.sparseTensors) yield* sparseProblems(sparse);
  }
}

function* sparseProblems({ values, indices }: OnnxSparseTensor): Generator<string> {
  if (values === undefined || indices === undefined) yield "a sparse tensor is not complete";
  for (const part of [values, indices]) if (part !== undefined) yield* tensorProblems("sparse tensor", part);
  // Laid out in full, it is as large as its few bytes say; no exporter writes one unasked.
  yield `the sparse tensor "${values?.name ?? ""}" is not taken: export it dense`;
}

/** Each value has one origin. Where two have one name, readers differ in which they take. */
function* repeatedNames({ inputs, initializers, nodes }: OnnxGraph): Generator<string> {
  yield* repeatedIn("input", inputs);
  yield* repeatedIn("initializer", initializers);
  const known = new Set([...inputs, ...initializers].map(({ name }) => name));
  for (const node of nodes) {
    for (const name of node.outputs) {
      if (name !== "" && known.has(name)) yield `the name "${name}" is given to more than one value`;
      known.add(name);
    }
  }
}

function* repeatedIn(what: string, named: readonly { name: string }[]): Generator<string> {
  const known = new Set<string>();
  for (const { name } of named) {
    if (known.has(name)) yield `the ${what} "${name}" is there more than once`;
    known.add(name);
  }
}

function* nodesOf({ functions }: OnnxModel, graph: OnnxGraph): Generator<OnnxNode> {
  yield* withNested(graph.nodes);
  for (const made of functions) yield* withNested(made.nodes);
}

function* graphsIn(graph: OnnxGraph): Generator<OnnxGraph> {
  yield graph;
  yield* nestedGraphs(graph.nodes);
}

function* nestedGraphs(nodes: readonly OnnxNode[]): Generator<OnnxGraph> {
  for (const node of withNested(nodes)) for (const attribute of node.attributes) yield* attribute.graphs;
}
