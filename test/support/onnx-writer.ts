// Writes ONNX files as nobody's exporter would: the numbers are those of onnx.proto.

type Message = Uint8Array;

export function varintField(number: number, content: number | bigint): Message {
  return Buffer.concat([varint((number << 3) | 0), varint(content)]);
}

export function bytesField(number: number, bytes: Uint8Array): Message {
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

export function textField(number: number, text: string): Message {
  return bytesField(number, Buffer.from(text));
}

export function varint(content: number | bigint): Message {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(content));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}

export interface TensorParts {
  name?: string;
  dims?: number[];
  dataType?: number;
  raw?: Uint8Array;
  outside?: string;
  rest?: Message[];
}

export function tensor({ name = "t", dims = [], dataType = 1, raw, outside, rest = [] }: TensorParts): Message {
  return Buffer.concat([
    ...dims.map((size) => varintField(1, size)),
    varintField(2, dataType),
    textField(8, name),
    ...(raw === undefined ? [] : [bytesField(9, raw)]),
    ...(outside === undefined
      ? []
      : [bytesField(13, Buffer.concat([textField(1, "location"), textField(2, outside)])), varintField(14, 1)]),
    ...rest,
  ]);
}

export interface NodeParts {
  operator?: string;
  domain?: string;
  inputs?: string[];
  outputs?: string[];
  attributes?: Message[];
}

export function node({
  operator = "Identity",
  domain = "",
  inputs = [],
  outputs = [],
  attributes = [],
}: NodeParts): Message {
  return Buffer.concat([
    ...inputs.map((name) => textField(1, name)),
    ...outputs.map((name) => textField(2, name)),
    textField(3, `a ${operator}`),
    textField(4, operator),
    ...attributes.map((one) => bytesField(5, one)),
    ...(domain === "" ? [] : [textField(7, domain)]),
  ]);
}

export function attribute(name: string, ...parts: Message[]): Message {
  return Buffer.concat([textField(1, name), ...parts]);
}

export function value(name: string, elementType = 1, dims: (number | string)[] = ["batch"]): Message {
  const shape = Buffer.concat(
    dims.map((dim) => bytesField(1, typeof dim === "number" ? varintField(1, dim) : textField(2, dim))),
  );
  return Buffer.concat([
    textField(1, name),
    bytesField(2, bytesField(1, Buffer.concat([varintField(1, elementType), bytesField(2, shape)]))),
  ]);
}

export interface GraphParts {
  nodes?: Message[];
  initializers?: Message[];
  inputs?: Message[];
  outputs?: Message[];
  rest?: Message[];
}

export function graph(parts: GraphParts = {}): Message {
  const { initializers = [], rest = [] } = parts;
  const { nodes = [node({ inputs: ["x"], outputs: ["y"] })], inputs = [value("x")], outputs = [value("y")] } = parts;
  return Buffer.concat([
    ...nodes.map((one) => bytesField(1, one)),
    textField(2, "graph"),
    ...initializers.map((one) => bytesField(5, one)),
    ...inputs.map((one) => bytesField(11, one)),
    ...outputs.map((one) => bytesField(12, one)),
    ...rest,
  ]);
}

export interface ModelParts {
  graph?: Message;
  irVersion?: number;
  opsets?: [domain: string, version: number][];
  rest?: Message[];
}

/** A whole file; without parts, one that answers what it is given. */
export function model({
  graph: main = graph(),
  irVersion = 8,
  opsets = [["", 17]],
  rest = [],
}: ModelParts = {}): Message {
  return Buffer.concat([
    varintField(1, irVersion),
    bytesField(7, main),
    ...opsets.map(([domain, version]) =>
      bytesField(8, Buffer.concat([...(domain === "" ? [] : [textField(1, domain)]), varintField(2, version)])),
    ),
    ...rest,
  ]);
}
