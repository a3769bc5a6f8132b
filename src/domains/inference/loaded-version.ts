import type { Manifest } from "../models/manifest.ts";
import type { Provider, ProviderPreference } from "./provider.ts";
import { type Batching, RowLayout } from "./row-layout.ts";
import type { Row } from "./tensor.ts";

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
  /** What a session of it takes of a runner's memory, at least and as measured. */
  memoryBytes: number;
  /** When a batch of it was sent last, on the clock of performance.now(). */
  usedAt: number;
  /** What the processor answered its golden samples when it was loaded. */
  answers: readonly Row[];
  /** What these took, each in a batch of its own. */
  firstRuns: readonly { units: number; ms: number }[];
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
    memoryBytes: 0,
    usedAt: 0,
    answers: [],
    firstRuns: [],
  };
}
