import type { Manifest } from "../models/manifest.ts";
import { type Batching, RowLayout } from "./row-layout.ts";

/** What the engine is given to serve. A version never changes: its id stands for these bytes and this manifest. */
export interface LoadableVersion {
  id: string;
  manifest: Manifest;
  /** Whose model it is; undefined for one of the platform. A tenant's own runs only in processes of that tenant. */
  ownerTenantId: string | undefined;
  /** The ONNX file. Fetched whenever a runner needs it; nothing of it is kept here. */
  readModel: () => Promise<Uint8Array>;
  /** What it wants to run on; the engine's own setting where it is not given. */
  providerPreference?: ProviderPreference;
}

export type Provider = "CPU" | "CUDA";
/** PREFER_CUDA falls back to the processor and says why; REQUIRE_CUDA is refused instead. */
export type ProviderPreference = "PREFER_CUDA" | "REQUIRE_CUDA" | "CPU_ONLY";

/** What came of a load. */
export interface LoadReport {
  provider: Provider;
  /** Why it does not run on what it would rather run on. */
  providerReason: string | undefined;
  batching: Batching;
  loadMs: number;
}

/** A version that stands on the runners, or is about to. */
export interface LoadedVersion extends LoadableVersion {
  /** Its number within the runners, which know no names. */
  session: number;
  layout: RowLayout;
  batching: Batching;
  /** How many rows may share a batch. 1 where the runtime answered differently for rows together than for rows alone. */
  maxBatchInputs: number;
}

/** Throws MODEL_REJECTED where its rows cannot be laid into batches. */
export function versionToLoad(version: LoadableVersion, session: number): LoadedVersion {
  const layout = new RowLayout(version.manifest);
  return {
    ...version,
    session,
    layout,
    batching: layout.batching,
    maxBatchInputs: version.manifest.batching.maxInputs,
  };
}
