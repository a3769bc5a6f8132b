import type { OnnxFunction, OnnxNode, OnnxOpset } from "./onnx-model.ts";

// What the pinned ONNX Runtime (1.30) loads; tried with a file of each version.
const irVersions = { lowest: 3, highest: 13 };
const highestOpset = new Map([
  ["ai.onnx", 26],
  ["ai.onnx.ml", 5],
  ["com.microsoft", 1],
]);

/**
 * Of ONNX Runtime's own operators, those that exporters, quantizers and optimizers write, which compute on what they are
 * given and nothing else. Left out with intent: EPContext, which loads a file that it names; the searches for text
 * (BeamSearch, Sampling and the like), which run whole graphs as often as an input says; and all that need custom code.
 */
const ownOperators = new Set([
  ...["Attention", "MultiHeadAttention", "GroupQueryAttention", "PackedAttention", "QAttention", "RotaryEmbedding"],
  ...["Gelu", "FastGelu", "BiasGelu", "QuickGelu", "BiasSplitGelu", "BiasAdd", "BiasSoftmax", "BiasDropout"],
  ...["LayerNormalization", "SkipLayerNormalization", "SimplifiedLayerNormalization", "GroupNorm", "SkipGroupNorm"],
  ...["SkipSimplifiedLayerNormalization", "EmbedLayerNormalization", "QEmbedLayerNormalization"],
  ...["FusedConv", "FusedGemm", "FusedMatMul", "FusedMatMulActivation", "GemmFastGelu", "NhwcConv", "NhwcMaxPool"],
  ...["DynamicQuantizeMatMul", "DynamicQuantizeLSTM", "MatMulIntegerToFloat", "MatMulNBits", "MatMulInteger16"],
  ...[
    "QLinearAdd",
    "QLinearMul",
    "QLinearConv",
    "QLinearConcat",
    "QLinearSigmoid",
    "QLinearLeakyRelu",
    "QLinearSoftmax",
  ],
  ...["QLinearAveragePool", "QLinearGlobalAveragePool", "QLinearReduceMean", "QLinearWhere", "QGemm", "MulInteger"],
  ...["QuantizeLinear", "DequantizeLinear", "GatherBlockQuantized", "QMoE", "MoE", "Inverse", "Trilu", "Unique"],
  ...[
    "ExpandDims",
    "GatherND",
    "Pad",
    "Range",
    "ReduceSumInteger",
    "Rfft",
    "Irfft",
    "TransposeMatMul",
    "WordConvEmbedding",
  ],
]);

/** What of the operators and their versions this house does not run, in words. */
export function* operatorProblems(file: {
  irVersion: number;
  opsets: readonly OnnxOpset[];
  functions: readonly OnnxFunction[];
  nodes: Iterable<OnnxNode>;
}): Generator<string> {
  const { irVersion, opsets, functions, nodes } = file;
  if (irVersion < irVersions.lowest || irVersion > irVersions.highest)
    yield `it is written in IR version ${irVersion}; ${irVersions.lowest} to ${irVersions.highest} are read`;
  if (!opsets.some(({ domain }) => canonical(domain) === "ai.onnx")) yield "it names no opset of ai.onnx";
  const ownDomains = new Set(functions.map((one) => canonical(one.domain)));
  for (const { domain, version } of [...opsets, ...functions.flatMap((one) => one.opsets)])
    yield* opsetProblems(canonical(domain), version, ownDomains);
  const made = new Set(functions.map(fullNameOf));
  for (const node of nodes) {
    if (!isRun(node, made))
      yield `node "${node.name}" is ${canonical(node.domain)}.${node.operator}, which is not run here`;
  }
}

function isRun({ operator, domain }: OnnxNode, made: ReadonlySet<string>): boolean {
  const home = canonical(domain);
  if (home === "ai.onnx" || home === "ai.onnx.ml") return true;
  if (home === "com.microsoft" && ownOperators.has(operator)) return true;
  return made.has(`${home} ${operator}`);
}

function fullNameOf({ domain, name }: OnnxFunction): string {
  return `${canonical(domain)} ${name}`;
}

function* opsetProblems(domain: string, version: number, ownDomains: ReadonlySet<string>): Generator<string> {
  const highest = highestOpset.get(domain);
  if (highest === undefined) {
    if (!ownDomains.has(domain)) yield `it uses operators of the unknown domain "${domain}"`;
  } else if (version < 1 || version > highest) {
    yield `it is written for opset ${version} of ${domain}; up to ${highest} are run: export with opset_version=${highest} or lower`;
  }
}

/**
 * How many nodes there are once every function stands where it is called; Infinity where functions call each other in a
 * circle. A file of a kilobyte can call functions that call functions, and come to millions.
 */
export function nodesWhenExpanded(nodes: Iterable<OnnxNode>, functions: readonly OnnxFunction[]): number {
  const byName = new Map(functions.map((made) => [fullNameOf(made), made]));
  const sizes = new Map<OnnxFunction, number>();
  const sizeOf = (made: OnnxFunction): number => {
    const known = sizes.get(made);
    if (known !== undefined) return known;
    sizes.set(made, Number.POSITIVE_INFINITY); // met again before it is known: a circle
    const size = sum(made.nodes);
    sizes.set(made, size);
    return size;
  };
  const sum = (some: Iterable<OnnxNode>): number => {
    let total = 0;
    for (const node of withNested(some)) {
      const made = byName.get(`${canonical(node.domain)} ${node.operator}`);
      total += made === undefined ? 1 : sizeOf(made);
    }
    return total;
  };
  return sum(nodes);
}

/** The nodes with those of their sub-graphs. */
export function* withNested(nodes: Iterable<OnnxNode>): Generator<OnnxNode> {
  for (const node of nodes) {
    yield node;
    for (const attribute of node.attributes) for (const graph of attribute.graphs) yield* withNested(graph.nodes);
  }
}

function canonical(domain: string): string {
  return domain === "" ? "ai.onnx" : domain;
}
