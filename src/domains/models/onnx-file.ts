import { countVarints, type Field, fieldsOf, Malformed, signed, textOf, varintsIn } from "./protobuf.ts";

// What the scan needs to know of an ONNX file; the numbers are those of onnx.proto. Weights are counted, not copied.

export interface OnnxModel {
  irVersion: number;
  opsets: OnnxOpset[];
  graph: OnnxGraph | undefined;
  functions: OnnxFunction[];
  hasTraining: boolean;
}

export interface OnnxOpset {
  domain: string;
  version: number;
}

export interface OnnxGraph {
  nodes: OnnxNode[];
  initializers: OnnxTensor[];
  sparseInitializers: OnnxSparseTensor[];
  inputs: OnnxValue[];
  outputs: OnnxValue[];
}

export interface OnnxFunction {
  name: string;
  domain: string;
  nodes: OnnxNode[];
  /** Defaults of its attributes. */
  attributes: OnnxAttribute[];
  opsets: OnnxOpset[];
}

export interface OnnxNode {
  name: string;
  operator: string;
  domain: string;
  inputs: string[];
  outputs: string[];
  attributes: OnnxAttribute[];
}

export interface OnnxAttribute {
  name: string;
  ints: number[];
  tensors: OnnxTensor[];
  sparseTensors: OnnxSparseTensor[];
  graphs: OnnxGraph[];
}

export interface OnnxSparseTensor {
  values: OnnxTensor | undefined;
  indices: OnnxTensor | undefined;
  dims: number[];
}

export interface OnnxTensor {
  name: string;
  dims: number[];
  dataType: number;
  /** Bytes of raw data; undefined where the elements stand in a typed field. */
  rawBytes: number | undefined;
  elements: number;
  /** Where its data is said to lie outside of this file. */
  outside: string | undefined;
  /** Its values, of a short tensor of int64: the shapes that other operators are given. */
  values: number[] | undefined;
}

export interface OnnxValue {
  name: string;
  /** Undefined: it is no tensor. */
  elementType: number | undefined;
  /** A size, the name of one that varies, or "" for one that varies and has no name. Undefined: of any shape. */
  dims: (number | string)[] | undefined;
}

export interface FileLimits {
  maxNodes: number;
  maxNesting: number;
  maxNameLength: number;
}

/** The file holds more than is read. */
export class BeyondLimit extends Error {}

/** Throws Malformed or BeyondLimit. */
export function readOnnxFile(file: Uint8Array, limits: FileLimits): OnnxModel {
  return new FileReader(limits).model(file);
}

const longestValues = 64;

class FileReader {
  readonly #limits: FileLimits;
  #nodes = 0;
  #nesting = 0;

  constructor(limits: FileLimits) {
    this.#limits = limits;
  }

  model(bytes: Uint8Array): OnnxModel {
    const model: OnnxModel = { irVersion: 0, opsets: [], graph: undefined, functions: [], hasTraining: false };
    for (const field of fieldsOf(bytes)) {
      if (field.number === 1) model.irVersion = intOf(field);
      else if (field.number === 7) model.graph = this.#graph(bytesOf(field));
      else if (field.number === 8) model.opsets.push(this.#opset(bytesOf(field)));
      else if (field.number === 20) model.hasTraining = true;
      else if (field.number === 25) model.functions.push(this.#function(bytesOf(field)));
    }
    return model;
  }

  #opset(bytes: Uint8Array): OnnxOpset {
    const opset: OnnxOpset = { domain: "", version: 0 };
    for (const field of fieldsOf(bytes)) {
      if (field.number === 1) opset.domain = this.#name(field);
      else if (field.number === 2) opset.version = intOf(field);
    }
    return opset;
  }

  #graph(bytes: Uint8Array): OnnxGraph {
    if (++this.#nesting > this.#limits.maxNesting)
      throw new BeyondLimit(`graphs are nested more than ${this.#limits.maxNesting} deep`);
    const graph: OnnxGraph = { nodes: [], initializers: [], sparseInitializers: [], inputs: [], outputs: [] };
    for (const field of fieldsOf(bytes)) {
      if (field.number === 1) graph.nodes.push(this.#node(bytesOf(field)));
      else if (field.number === 5) graph.initializers.push(this.#tensor(bytesOf(field)));
      else if (field.number === 11) graph.inputs.push(this.#value(bytesOf(field)));
      else if (field.number === 12) graph.outputs.push(this.#value(bytesOf(field)));
      else if (field.number === 15) graph.sparseInitializers.push(this.#sparseTensor(bytesOf(field)));
    }
    this.#nesting--;
    return graph;
  }

  #function(bytes: Uint8Array): OnnxFunction {
    const made: OnnxFunction = { name: "", domain: "", nodes: [], attributes: [], opsets: [] };
    for (const field of fieldsOf(bytes)) {
      if (field.number === 1) made.name = this.#name(field);
      else if (field.number === 7) made.nodes.push(this.#node(bytesOf(field)));
      else if (field.number === 9) made.opsets.push(this.#opset(bytesOf(field)));
      else if (field.number === 10) made.domain = this.#name(field);
      else if (field.number === 11) made.attributes.push(this.#attribute(bytesOf(field)));
    }
    return made;
  }

  #node(bytes: Uint8Array): OnnxNode {
    if (++this.#nodes > this.#limits.maxNodes)
      throw new BeyondLimit(`it has more than ${this.#limits.maxNodes} nodes`);
    const node: OnnxNode = { name: "", operator: "", domain: "", inputs: [], outputs: [], attributes: [] };
    for (const field of fieldsOf(bytes)) {
      if (field.number === 1) node.inputs.push(this.#name(field));
      else if (field.number === 2) node.outputs.push(this.#name(field));
      else if (field.number === 3) node.name = this.#name(field);
      else if (field.number === 4) node.operator = this.#name(field);
      else if (field.number === 5) node.attributes.push(this.#attribute(bytesOf(field)));
      else if (field.number === 7) node.domain = this.#name(field);
    }
    return node;
  }

  #attribute(bytes: Uint8Array): OnnxAttribute {
    const attribute: OnnxAttribute = { name: "", ints: [], tensors: [], sparseTensors: [], graphs: [] };
    for (const field of fieldsOf(bytes)) {
      if (field.number === 1) attribute.name = this.#name(field);
      else if (field.number === 3 || field.number === 8) attribute.ints.push(...intsOf(field, longestValues));
      else if (field.number === 5 || field.number === 10) attribute.tensors.push(this.#tensor(bytesOf(field)));
      else if (field.number === 6 || field.number === 11) attribute.graphs.push(this.#graph(bytesOf(field)));
      else if (field.number === 22 || field.number === 23)
        attribute.sparseTensors.push(this.#sparseTensor(bytesOf(field)));
    }
    return attribute;
  }

  #sparseTensor(bytes: Uint8Array): OnnxSparseTensor {
    const sparse: OnnxSparseTensor = { values: undefined, indices: undefined, dims: [] };
    for (const field of fieldsOf(bytes)) {
      if (field.number === 1) sparse.values = this.#tensor(bytesOf(field));
      else if (field.number === 2) sparse.indices = this.#tensor(bytesOf(field));
      else if (field.number === 3) sparse.dims.push(...intsOf(field, longestValues));
    }
    return sparse;
  }

  #tensor(bytes: Uint8Array): OnnxTensor {
    const tensor: OnnxTensor = {
      name: "",
      dims: [],
      dataType: 0,
      rawBytes: undefined,
      elements: 0,
      outside: undefined,
      values: undefined,
    };
    for (const field of fieldsOf(bytes)) {
      if (field.number === 1) tensor.dims.push(...intsOf(field, longestValues));
      else if (field.number === 2) tensor.dataType = intOf(field);
      else if (field.number === 8) tensor.name = this.#name(field);
      else if (field.number === 13) tensor.outside = this.#location(bytesOf(field)) ?? tensor.outside ?? "";
      else if (field.number === 14 && intOf(field) !== 0) tensor.outside ??= "";
      else addData(tensor, field);
    }
    return tensor;
  }

  /** The file that an entry of external data names, if that is what the entry says. */
  #location(bytes: Uint8Array): string | undefined {
    const entry = { key: "", value: "" };
    for (const field of fieldsOf(bytes)) {
      if (field.number === 1) entry.key = this.#name(field);
      else if (field.number === 2) entry.value = this.#name(field);
    }
    return entry.key === "location" ? entry.value : undefined;
  }

  #value(bytes: Uint8Array): OnnxValue {
    const value: OnnxValue = { name: "", elementType: undefined, dims: undefined };
    for (const field of fieldsOf(bytes)) {
      if (field.number === 1) value.name = this.#name(field);
      else if (field.number === 2) Object.assign(value, this.#tensorType(bytesOf(field)));
    }
    return value;
  }

  #tensorType(type: Uint8Array): Pick<OnnxValue, "elementType" | "dims"> {
    const found: Pick<OnnxValue, "elementType" | "dims"> = { elementType: undefined, dims: undefined };
    for (const field of fieldsOf(type)) {
      if (field.number !== 1) continue;
      for (const part of fieldsOf(bytesOf(field))) {
        if (part.number === 1) found.elementType = intOf(part);
        else if (part.number === 2) found.dims = this.#dims(bytesOf(part));
      }
    }
    return found;
  }

  #dims(shape: Uint8Array): (number | string)[] {
    const dims: (number | string)[] = [];
    for (const field of fieldsOf(shape)) {
      if (field.number !== 1) continue;
      let dim: number | string = "";
      for (const part of fieldsOf(bytesOf(field))) {
        if (part.number === 1) dim = intOf(part);
        else if (part.number === 2) dim = this.#name(part);
      }
      dims.push(dim);
    }
    return dims;
  }

  #name(field: Field): string {
    const bytes = bytesOf(field);
    if (bytes.length > this.#limits.maxNameLength)
      throw new BeyondLimit(`a name is longer than ${this.#limits.maxNameLength} bytes`);
    return textOf(bytes);
  }
}

/** Counts what a field of a tensor holds, be it packed or element by element. */
function addData(tensor: OnnxTensor, field: Field): void {
  switch (field.number) {
    case 4: // float_data
    case 10: // double_data
      tensor.elements += field.kind === "BYTES" ? field.bytes.length / (field.number === 4 ? 4 : 8) : 1;
      return;
    case 5: // int32_data
    case 7: // int64_data
    case 11: // uint64_data
      tensor.elements += field.kind === "BYTES" ? countVarints(field.bytes) : 1;
      if (field.number === 7 && tensor.elements <= longestValues)
        tensor.values = [...(tensor.values ?? []), ...intsOf(field, longestValues)];
      return;
    case 6: // string_data
      tensor.elements += 1;
      return;
    case 9: {
      const raw = bytesOf(field);
      tensor.rawBytes = raw.length;
      if (raw.length <= longestValues * 8 && raw.length % 8 === 0) tensor.values = int64sOf(raw);
    }
  }
}

function int64sOf(raw: Uint8Array): number[] {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return Array.from({ length: raw.length / 8 }, (_, i) => Number(view.getBigInt64(i * 8, true)));
}

function intsOf(field: Field, most: number): number[] {
  if (field.kind !== "BYTES") return [intOf(field)];
  // Longer lists are never shapes, and nothing else of them matters here.
  return varintsIn(field.bytes).slice(0, most + 1).map(signed);
}

function intOf(field: Field): number {
  if (field.kind === "VARINT") return signed(field.value);
  throw new Malformed(`field ${field.number} is not a whole number`);
}

function bytesOf(field: Field): Uint8Array {
  if (field.kind === "BYTES") return field.bytes;
  throw new Malformed(`field ${field.number} has no length`);
}
