import { readFile } from "node:fs/promises";
import { TollgateError } from "../../core/errors.ts";
import { type ArtifactStore, readWhole } from "../../platform/artifact-store.ts";
import type { BundledVersion } from "./bundled-models.ts";

/** Where a version's ONNX file is read from: the models folder, or the artifact store. */
export class ModelFiles {
  readonly #bundled: ReadonlyMap<string, BundledVersion>;
  readonly #store: ArtifactStore;

  constructor(bundled: readonly BundledVersion[], store: ArtifactStore) {
    this.#bundled = new Map(bundled.map((version) => [version.manifest.sha256, version]));
    this.#store = store;
  }

  /** The whole file. Throws MODEL_REJECTED where the scan has refused it. */
  async read(digest: string): Promise<Uint8Array<ArrayBuffer>> {
    const bundled = this.#bundled.get(digest);
    if (bundled === undefined) return await readWhole(this.#store, digest);
    if (bundled.problem !== undefined) throw new TollgateError("MODEL_REJECTED", bundled.problem);
    return new Uint8Array(await readFile(bundled.file));
  }
}
