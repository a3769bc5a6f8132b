import type { Dtype } from "../models/manifest.ts";
import type { Provider } from "./provider.ts";
import type { TensorShape } from "./tensor.ts";

/** What a runner is asked to do; the header of a frame. It does one thing after the other, in the order of asking. */
export type RunnerRequest =
  | {
      op: "load";
      id: number;
      session: number;
      provider: Provider;
      inputs: NamedType[];
      outputs: NamedType[];
      tensors: TensorShape[];
    }
  | { op: "run"; id: number; session: number; tensors: TensorShape[] }
  | { op: "release"; id: number; session: number; tensors: TensorShape[] };

/** `ready` comes once and unasked, with id 0. `runMs` is the time within ONNX Runtime. */
export type RunnerReply =
  | { op: "ready"; id: 0; tensors: TensorShape[] }
  | { op: "done"; id: number; runMs: number; tensors: TensorShape[] }
  | { op: "failed"; id: number; reason: string; tensors: TensorShape[] };

export interface NamedType {
  name: string;
  dtype: Dtype;
}
