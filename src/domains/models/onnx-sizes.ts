import type { OnnxNode, OnnxTensor } from "./onnx-model.ts";

/** Bits of an element, by onnx.proto's numbers. 8 is text, which has no width; 0 is nothing, and 14 and 15 are complex. */
const bitsOf = new Map([
  ...[2, 3, 9, 17, 18, 19, 20, 24].map((type) => [type, 8] as const),
  ...[4, 5, 10, 16].map((type) => [type, 16] as const),
  ...[1, 6, 12].map((type) => [type, 32] as const),
  ...[7, 11, 13].map((type) => [type, 64] as const),
  ...[21, 22, 23].map((type) => [type, 4] as const),
  ...[25, 26].map((type) => [type, 2] as const),
]);
const text = 8;

const maxElements = 2 ** 31;
const maxDimensions = 16;

/** What is wrong with a tensor that the file holds, in words. `what` says where it stands. */
export function* tensorProblems(what: string, tensor: OnnxTensor): Generator<string> {
  const { name, dims, dataType, outside } = tensor;
  if (outside !== undefined) {
    const where = outside === "" ? "outside of the model" : `in the file "${outside}"`;
    yield `${what} "${name}" keeps its data ${where}; export with external_data=False`;
    return;
  }
  if (dims.length > maxDimensions || dims.some((size) => size < 0)) {
    yield `${what} "${name}" has impossible dimensions`;
    return;
  }
  const bits = bitsOf.get(dataType);
  if (bits === undefined && dataType !== text) {
    yield `${what} "${name}" has elements of the unknown type ${dataType}`;
    return;
  }
  const declared = productOf(dims);
  const held = heldBy(tensor, bits ?? 8);
  if (!held.includes(declared)) {
    yield `${what} "${name}" declares ${declared} elements of shape [${dims.join(", ")}] and holds ${held[0] ?? 0}`;
  }
}

/** How many elements the data can be; small ones are packed, and the last byte may not be full. */
function heldBy({ rawBytes, elements, dims }: OnnxTensor, bits: number): number[] {
  if (rawBytes === undefined && bits >= 8) return [elements];
  const bytes = rawBytes ?? elements;
  if (bits >= 8) return [(bytes * 8) / bits];
  const declared = productOf(dims);
  return Math.ceil((declared * bits) / 8) === bytes ? [declared] : [(bytes * 8) / bits];
}

// Operators that make a tensor as large as a few bytes say, and where the shape stands.
const makers = new Map([
  ["ConstantOfShape", 0],
  ["Expand", 1],
  ["Tile", 1],
]);
const makersByAttribute = new Set(["RandomNormal", "RandomUniform"]);

/** Nodes that would lay out gigabytes on the word of a constant. What only an input decides, the runner's limit sees to. */
export function* declaredSizeProblems(
  nodes: readonly OnnxNode[],
  initializers: readonly OnnxTensor[],
): Generator<string> {
  const constants = new Map(initializers.map((tensor) => [tensor.name, tensor.values]));
  for (const node of nodes) if (node.operator === "Constant") constants.set(node.outputs[0] ?? "", constantOf(node));
  for (const node of nodes) {
    const size = productOf(shapeMadeBy(node, constants) ?? []);
    if (size > maxElements) yield `node "${node.name}" (${node.operator}) makes a tensor of ${size} elements`;
  }
}

function constantOf({ attributes }: OnnxNode): number[] | undefined {
  const value = attributes.find(({ name }) => name === "value")?.tensors[0]?.values;
  return value ?? attributes.find(({ name }) => name === "value_ints")?.ints;
}

function shapeMadeBy(
  { operator, inputs, attributes }: OnnxNode,
  constants: ReadonlyMap<string, number[] | undefined>,
): number[] | undefined {
  if (makersByAttribute.has(operator)) return attributes.find(({ name }) => name === "shape")?.ints;
  const place = makers.get(operator);
  return place === undefined ? undefined : constants.get(inputs[place] ?? "");
}

function productOf(dims: readonly number[]): number {
  return dims.reduce((product, size) => product * size, 1);
}
