import type {
  OnnxAttribute,
  OnnxFunction,
  OnnxGraph,
  OnnxModel,
  OnnxNode,
  OnnxOpset,
  OnnxSparseTensor,
  OnnxTensor,
  OnnxValue,
} from "./onnx-model.ts";
import { addData, longestValues } from "./onnx-tensor-data.ts";
import { bytesOf, type Field, fieldsOf, intOf, intsOf, textOf } from "./protobuf.ts";

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

/** What is done with the fields of a message, by their numbers in onnx.proto. What has no number here is not looked at. */
type Readers = Record<number, (field: Field) => void>;

function readFields(message: Uint8Array, readers: Readers): void {
  for (const field of fieldsOf(message)) readers[field.number]?.(field);
}

class FileReader {
  readonly #limits: FileLimits;
  #nodes = 0;
  #nesting = 0;

  constructor(limits: FileLimits) {
    this.#limits = limits;
  }

  model(bytes: Uint8Array): OnnxModel {
    const model: OnnxModel = { irVersion: 0, opsets: [], graph: undefined, functions: [], hasTraining: false };
    readFields(bytes, {
      1: (field) => {
        model.irVersion = intOf(field);
      },
      7: (field) => {
        model.graph = this.#graph(bytesOf(field));
      },
      8: (field) => model.opsets.push(this.#opset(bytesOf(field))),
      20: () => {
        model.hasTraining = true;
      },
      25: (field) => model.functions.push(this.#function(bytesOf(field))),
    });
    return model;
  }

  #opset(bytes: Uint8Array): OnnxOpset {
    const opset: OnnxOpset = { domain: "", version: 0 };
    readFields(bytes, {
      1: (field) => {
        opset.domain = this.#name(field);
      },
      2: (field) => {
        opset.version = intOf(field);
      },
    });
    return opset;
  }

  #graph(bytes: Uint8Array): OnnxGraph {
    if (++this.#nesting > this.#limits.maxNesting)
      throw new BeyondLimit(`graphs are nested more than ${this.#limits.maxNesting} deep`);
    const graph: OnnxGraph = { nodes: [], initializers: [], sparseInitializers: [], inputs: [], outputs: [] };
    readFields(bytes, {
      1: (field) => graph.nodes.push(this.#node(bytesOf(field))),
      5: (field) => graph.initializers.push(this.#tensor(bytesOf(field))),
      11: (field) => graph.inputs.push(this.#value(bytesOf(field))),
      12: (field) => graph.outputs.push(this.#value(bytesOf(field))),
      15: (field) => graph.sparseInitializers.push(this.#sparseTensor(bytesOf(field))),
    });
    this.#nesting--;
    return graph;
  }

  #function(bytes: Uint8Array): OnnxFunction {
    const made: OnnxFunction = { name: "", domain: "", nodes: [], attributes: [], opsets: [] };
    readFields(bytes, {
      1: (field) => {
        made.name = this.#name(field);
      },
      7: (field) => made.nodes.push(this.#node(bytesOf(field))),
      9: (field) => made.opsets.push(this.#opset(bytesOf(field))),
      10: (field) => {
        made.domain = this.#name(field);
      },
      11: (field) => made.attributes.push(this.#attribute(bytesOf(field))),
    });
    return made;
  }

  #node(bytes: Uint8Array): OnnxNode {
    if (++this.#nodes > this.#limits.maxNodes) throw new BeyondLimit(`it has more than ${this.#limits.maxNodes} nodes`);
    const node: OnnxNode = { name: "", operator: "", domain: "", inputs: [], outputs: [], attributes: [] };
    readFields(bytes, {
      1: (field) => node.inputs.push(this.#name(field)),
      2: (field) => node.outputs.push(this.#name(field)),
      3: (field) => {
        node.name = this.#name(field);
      },
      4: (field) => {
        node.operator = this.#name(field);
      },
      5: (field) => node.attributes.push(this.#attribute(bytesOf(field))),
      7: (field) => {
        node.domain = this.#name(field);
      },
    });
    return node;
  }

  #attribute(bytes: Uint8Array): OnnxAttribute {
    const attribute: OnnxAttribute = { name: "", ints: [], tensors: [], sparseTensors: [], graphs: [] };
    const addInts = (field: Field) => attribute.ints.push(...intsOf(field, longestValues));
    const addTensor = (field: Field) => attribute.tensors.push(this.#tensor(bytesOf(field)));
    const addGraph = (field: Field) => attribute.graphs.push(this.#graph(bytesOf(field)));
    const addSparse = (field: Field) => attribute.sparseTensors.push(this.#sparseTensor(bytesOf(field)));
    readFields(bytes, {
      1: (field) => {
        attribute.name = this.#name(field);
      },
      ...{
        3: addInts,
        8: addInts,
        5: addTensor,
        10: addTensor,
        6: addGraph,
        11: addGraph,
        22: addSparse,
        23: addSparse,
      },
    });
    return attribute;
  }

  #sparseTensor(bytes: Uint8Array): OnnxSparseTensor {
    const sparse: OnnxSparseTensor = { values: undefined, indices: undefined, dims: [] };
    readFields(bytes, {
      1: (field) => {
        sparse.values = this.#tensor(bytesOf(field));
      },
      2: (field) => {
        sparse.indices = this.#tensor(bytesOf(field));
      },
      3: (field) => sparse.dims.push(...intsOf(field, longestValues)),
    });
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
    const addTo = (field: Field) => addData(tensor, field);
    readFields(bytes, {
      1: (field) => tensor.dims.push(...intsOf(field, longestValues)),
      2: (field) => {
        tensor.dataType = intOf(field);
      },
      8: (field) => {
        tensor.name = this.#name(field);
      },
      13: (field) => {
        tensor.outside = this.#location(bytesOf(field)) ?? tensor.outside ?? "";
      },
      14: (field) => {
        if (intOf(field) !== 0) tensor.outside ??= "";
      },
      ...{ 4: addTo, 5: addTo, 6: addTo, 7: addTo, 9: addTo, 10: addTo, 11: addTo },
    });
    return tensor;
  }

  /** The file that an entry of external data names, if that is what the entry says. */
  #location(bytes: Uint8Array): string | undefined {
    const entry = { key: "", value: "" };
    readFields(bytes, {
      1: (field) => {
        entry.key = this.#name(field);
      },
      2: (field) => {
        entry.value = this.#name(field);
      },
    });
    return entry.key === "location" ? entry.value : undefined;
  }

  #value(bytes: Uint8Array): OnnxValue {
    const value: OnnxValue = { name: "", elementType: undefined, dims: undefined };
    const readTensorType = (type: Field) =>
      readFields(bytesOf(type), {
        1: (field) => {
          value.elementType = intOf(field);
        },
        2: (field) => {
          value.dims = this.#dims(bytesOf(field));
        },
      });
    readFields(bytes, {
      1: (field) => {
        value.name = this.#name(field);
      },
      2: (field) => readFields(bytesOf(field), { 1: readTensorType }),
    });
    return value;
  }

  #dims(shape: Uint8Array): (number | string)[] {
    const dims: (number | string)[] = [];
    const readDim = (dim: Field) => {
      dims.push("");
      readFields(bytesOf(dim), {
        1: (field) => {
          dims[dims.length - 1] = intOf(field);
        },
        2: (field) => {
          dims[dims.length - 1] = this.#name(field);
        },
      });
    };
    readFields(shape, { 1: readDim });
    return dims;
  }

  #name(field: Field): string {
    const bytes = bytesOf(field);
    if (bytes.length > this.#limits.maxNameLength)
      throw new BeyondLimit(`a name is longer than ${this.#limits.maxNameLength} bytes`);
    return textOf(bytes);
  }
}
