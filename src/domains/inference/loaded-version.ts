import type { Manifest } from "../models/manifest.ts";
import { RowLayout } from "./row-layout.ts";

/** What the engine is given to serve. A version never changes: its id stands for these bytes and this manifest. */
export interface LoadableVersion {
  id: string;
  manifest: Manifest;
  model: Uint8Array;
}

/** A version that stands on the runners, or is about to. */
export interface LoadedVersion extends LoadableVersion {
  /** Its number within the runners, which know no names. */
  session: number;
  layout: RowLayout;
  /** How many rows may share a batch. 1 where the runtime answered differently for rows together than for rows alone. */
  maxBatchInputs: number;
}

/** Throws MODEL_REJECTED where its rows cannot be laid into batches. */
export function versionToLoad(version: LoadableVersion, session: number): LoadedVersion {
  const layout = new RowLayout(version.manifest);
  return { ...version, session, layout, maxBatchInputs: version.manifest.batching.maxInputs };
}
