import { messageOf } from "../../core/errors.ts";
import type { Logger } from "../../platform/logger.ts";
import type { Catalogue } from "../models/catalogue.ts";
import type { ModelVersion } from "../models/model.ts";
import type { Engine } from "./engine.ts";

interface Loading {
  catalogue: Catalogue;
  engine: Pick<Engine, "load">;
  logger: Logger;
  /** The ONNX files at hand, by their sha-256. */
  files: ReadonlyMap<string, Uint8Array>;
}

/** Loads every version of the catalogue. One that cannot be loaded stands there as rejected, and the others serve. */
export async function loadVersions(loading: Loading): Promise<void> {
  await Promise.all(loading.catalogue.versions().map((version) => loadVersion(loading, version)));
}

async function loadVersion({ catalogue, engine, logger, files }: Loading, version: ModelVersion): Promise<void> {
  const model = files.get(version.digest);
  try {
    if (model === undefined) throw new Error(`its file, sha-256 ${version.digest}, is not in the models folder`);
    const { provider, providerReason } = await engine.load({
      id: version.id,
      manifest: version.manifest,
      ownerTenantId: undefined,
      readModel: () => Promise.resolve(model),
    });
    catalogue.setCondition(version.id, { state: "READY", provider, providerReason });
  } catch (error) {
    logger.error({ err: error, versionId: version.id }, "version was not loaded");
    catalogue.setCondition(version.id, { state: "REJECTED", reason: messageOf(error) });
  }
}
