import type { Provider } from "./provider.ts";
import type { NamedType } from "./runner-messages.ts";
import type { Tensor } from "./tensor.ts";

/** One version, ready to run within a runner. */
export interface RunnerSession {
  run(tensors: readonly Tensor[]): Promise<Tensor[]>;
  release(): Promise<void>;
}

export interface SessionRequest {
  provider: Provider;
  model: Uint8Array;
  inputs: NamedType[];
  outputs: NamedType[];
}

/**
 * Makes sessions for a provider, within a runner. It throws where the provider's library is missing, where it cannot
 * use the device, and where the model is none or not the one of its signature.
 */
export type ProviderLoader = (request: SessionRequest) => Promise<RunnerSession>;
