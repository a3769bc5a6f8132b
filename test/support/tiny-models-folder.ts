import { createHash } from "node:crypto";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import path from "node:path";
import { inject } from "vitest";
import { tinyModel } from "./tiny-models.ts";

/** A MODELS_DIR with tiny models of the tests, for gateways that serve nothing else. */
export async function tinyModelsFolder(...names: Parameters<typeof tinyModel>[0][]): Promise<string> {
  const folder = await mkdtemp(path.join(inject("scratchDirectory"), "models-"));
  for (const name of names) {
    const { manifest, readModel } = tinyModel(name);
    const model = await readModel();
    const version = path.join(folder, name, "1");
    await mkdir(version, { recursive: true });
    const sha256 = createHash("sha256").update(model).digest("hex");
    await writeFile(path.join(version, "manifest.json"), JSON.stringify({ ...manifest, sha256 }));
    await writeFile(path.join(version, "model.onnx"), model);
  }
  return folder;
}
