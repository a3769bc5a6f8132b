import { env, InferenceSession, Tensor as OnnxTensor } from "onnxruntime-node";
import type { RunnerSession, SessionRequest } from "./provider-loader.ts";
import type { NamedType } from "./runner-messages.ts";
import { dtypeOf, type Tensor, type TensorData } from "./tensor.ts";

env.logLevel = "error";

/** Throws with a reason where the file is no model, or its graph is not the one that the signature describes. */
export async function loadOnnxSession({ provider, model, inputs, outputs }: SessionRequest): Promise<RunnerSession> {
  const session = await InferenceSession.create(model, {
    // An unknown name would be dropped silently; these two are known. What CUDA lacks, ONNX Runtime runs on the processor.
    executionProviders: [provider === "CUDA" ? "cuda" : "cpu"],
    // One runner for each core: more threads in one would only spin against the others.
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: "sequential",
    // It plans memory for one shape and holds a plan for each shape that ever came; batches vary all the time.
    enableMemPattern: false,
    logSeverityLevel: 3,
  });
  const problem =
    difference("input", inputs, session.inputMetadata) ?? difference("output", outputs, session.outputMetadata);
  if (problem === undefined) return new OnnxSession(session, inputs.map(nameOf), outputs.map(nameOf));
  await session.release();
  throw new Error(problem);
}

/**
 * One version loaded by ONNX Runtime, with one thread on the processor. A run cannot be cancelled, and a fault in it
 * ends its process: only a runner may hold one.
 */
class OnnxSession implements RunnerSession {
  readonly #session: InferenceSession;
  readonly #inputs: string[];
  readonly #outputs: string[];

  constructor(session: InferenceSession, inputs: string[], outputs: string[]) {
    this.#session = session;
    this.#inputs = inputs;
    this.#outputs = outputs;
  }

  async run(tensors: readonly Tensor[]): Promise<Tensor[]> {
    const feeds: Record<string, OnnxTensor> = {};
    for (const [i, name] of this.#inputs.entries()) {
      const tensor = tensors[i];
      if (tensor !== undefined) feeds[name] = onnxTensor(tensor.data, tensor.dims);
    }
    const answers = await this.#session.run(feeds, this.#outputs);
    return this.#outputs.map((name) => plainTensor(name, answers[name]));
  }

  /** Garbage collection does not keep up with the memory that a session holds. */
  async release(): Promise<void> {
    await this.#session.release();
  }
}

function nameOf(named: NamedType): string {
  return named.name;
}

function difference(
  what: "input" | "output",
  declared: NamedType[],
  actual: readonly InferenceSession.ValueMetadata[],
): string | undefined {
  const names = actual.map((value) => `"${value.name}"`).join(", ");
  for (const { name, dtype } of declared) {
    const value = actual.find((candidate) => candidate.name === name);
    if (value === undefined) return `the graph has no ${what} "${name}"; it has ${names}`;
    if (!value.isTensor) return `the ${what} "${name}" of the graph is no tensor`;
    if (value.type !== dtype)
      return `the ${what} "${name}" is ${value.type} in the graph and ${dtype} in the signature`;
  }
  // An output that is not declared is simply never asked for; an input would be missing.
  if (what === "input" && actual.length > declared.length)
    return `the graph has more inputs than the signature: ${names}`;
  return undefined;
}

function onnxTensor(data: TensorData, dims: readonly number[]): OnnxTensor {
  if (data instanceof Float32Array) return new OnnxTensor("float32", data, dims);
  if (data instanceof BigInt64Array) return new OnnxTensor("int64", data, dims);
  if (data instanceof Int32Array) return new OnnxTensor("int32", data, dims);
  return new OnnxTensor("uint8", data, dims);
}

function plainTensor(name: string, tensor: OnnxTensor | undefined): Tensor {
  const data = tensor?.data;
  const isKnown =
    data instanceof Float32Array ||
    data instanceof BigInt64Array ||
    data instanceof Int32Array ||
    data instanceof Uint8Array;
  if (tensor === undefined || !isKnown) throw new Error(`the output "${name}" is of a type that cannot be answered`);
  return { dtype: dtypeOf(data), dims: tensor.dims, data };
}
