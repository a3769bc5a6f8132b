// What the scan needs to know of an ONNX file. Weights are counted, not copied.

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
