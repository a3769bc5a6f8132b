import type { Dtype, Manifest, TensorSpec } from "./manifest.ts";
import type { OnnxGraph, OnnxValue } from "./onnx-model.ts";

/** What a graph takes and gives, in the words of a manifest. */
export interface GraphSignature {
  inputs: TensorSpec[];
  outputs: TensorSpec[];
  /** Outputs of types that no answer can carry: a version may have them, and never asks for them. */
  others: string[];
}

/** By onnx.proto's numbers. */
const elementTypes = [
  "",
  "float32",
  "uint8",
  "int8",
  "uint16",
  "int16",
  "int32",
  "int64",
  "string",
  "bool",
  "float16",
  "float64",
];
const served: Record<number, Dtype> = { 1: "float32", 2: "uint8", 6: "int32", 7: "int64" };

export function signatureOf(graph: OnnxGraph): GraphSignature | { problems: string[] } {
  // Older exporters list the weights among the inputs.
  const weights = new Set(graph.initializers.map((tensor) => tensor.name));
  const inputs = graph.inputs.filter((input) => !weights.has(input.name));
  const problems = inputs.flatMap((input) => problemOf("input", input) ?? []);
  const answerable = graph.outputs.filter((output) => problemOf("output", output) === undefined);
  if (inputs.length === 0) problems.push("the graph takes no input");
  if (answerable.length === 0) {
    problems.push("the graph gives no output that can be answered");
    problems.push(...graph.outputs.flatMap((output) => problemOf("output", output) ?? []));
  }
  if (problems.length > 0) return { problems };
  const others = graph.outputs.filter((output) => !answerable.includes(output)).map((output) => output.name);
  return { inputs: inputs.flatMap(specOf), outputs: answerable.flatMap(specOf), others };
}

function problemOf(what: string, { name, elementType, dims }: OnnxValue): string | undefined {
  if (elementType === undefined) return `${what} "${name}" is no tensor`;
  if (served[elementType] === undefined) {
    const type = elementTypes[elementType] ?? `of type ${elementType}`;
    return `${what} "${name}" is ${type}; only float32, int64, int32 and uint8 go in and out`;
  }
  if (dims === undefined || dims.length === 0)
    return `${what} "${name}" has no shape; export with one, the batch first`;
  const wrong = dims.find((dim) => typeof dim === "number" && dim < 1);
  return wrong === undefined ? undefined : `${what} "${name}" has a dimension of ${wrong}`;
}

function specOf({ name, elementType = 0, dims = [] }: OnnxValue): TensorSpec[] {
  const dtype = served[elementType];
  if (dtype === undefined) return [];
  // A dimension without a name varies, too.
  const nameless = (place: number) => (place === 0 ? "batch" : `${name}_${place}`);
  return [{ name, dtype, shape: dims.map((dim, place) => (dim === "" ? nameless(place) : dim)) }];
}

/** Where a manifest's signature is not the graph's, in words. It may leave outputs out, and fix a size that varies. */
export function* signatureProblems(declared: Manifest["signature"], graph: GraphSignature): Generator<string> {
  yield* namesProblems("input", declared.inputs, graph.inputs);
  yield* namesProblems("output", declared.outputs, graph.outputs);
  for (const { name } of graph.inputs) {
    if (!declared.inputs.some((input) => input.name === name))
      yield `the graph takes the input "${name}", which the signature does not have`;
  }
}

function* namesProblems(
  what: string,
  declared: readonly TensorSpec[],
  graph: readonly TensorSpec[],
): Generator<string> {
  for (const spec of declared) {
    const found = graph.find((candidate) => candidate.name === spec.name);
    if (found === undefined) {
      const names = graph.map(({ name }) => `"${name}"`).join(", ");
      yield `the graph has no ${what} "${spec.name}"; it has ${names}`;
    } else if (found.dtype !== spec.dtype) {
      yield `${what} "${spec.name}" is ${found.dtype} in the graph and ${spec.dtype} in the signature`;
    } else if (!fits(spec.shape, found.shape)) {
      yield `${what} "${spec.name}" has the shape [${found.shape.join(", ")}] in the graph and [${spec.shape.join(", ")}] in the signature`;
    }
  }
}

function fits(declared: TensorSpec["shape"], graph: TensorSpec["shape"]): boolean {
  return declared.length === graph.length && graph.every((size, i) => typeof size === "string" || size === declared[i]);
}
