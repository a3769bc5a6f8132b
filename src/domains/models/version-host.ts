import type { Numbers } from "./golden-inputs.ts";
import type { ModelVersion } from "./model.ts";

/** What loads versions on this gateway; the engine stands to the right of this domain, so it is handed in. */
export interface VersionHost {
  /** Loads it and compares its golden samples, if it has any. Throws MODEL_REJECTED with a reason for its maker. */
  load(version: ModelVersion): Promise<void>;
  /** What a loaded version answers to each of the inputs, one after the other. */
  answer(version: ModelVersion, inputs: Numbers[][]): Promise<Numbers[][]>;
  /** Returns when all that this gateway gave the version is finished, and it is unloaded. */
  release(versionId: string): Promise<void>;
  /** Returns when each of the versions is loaded here, or is known not to be loadable. */
  settled(versionIds: readonly string[]): Promise<void>;
}
