import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { messageOf } from "../../core/errors.ts";
import { StartError } from "../../platform/start-error.ts";
import { type Manifest, parseManifest } from "./manifest.ts";
import { scanOnnx } from "./onnx-scan.ts";
import { signatureProblems } from "./onnx-signature.ts";

/** A version as it lies in a folder: `<name>/<version>/{model.onnx,manifest.json}`. */
export interface BundledVersion {
  manifest: Manifest;
  /** Where the ONNX file lies. */
  file: string;
  /** What the scan found that keeps it from being served. */
  problem: string | undefined;
}

/**
 * Reads every version under the folder, and checks each file against the digest in its manifest. Of a model, the newest comes
 * first: where it is registered for the first time, that is what its alias points at. Throws StartError.
 */
export async function readBundledModels(folder: string): Promise<BundledVersion[]> {
  if (!existsSync(folder)) throw new StartError(`There is no folder ${folder} to read models from. Set MODELS_DIR.`);
  const versions: BundledVersion[] = [];
  for (const name of await foldersIn(folder)) {
    const numbers = await foldersIn(path.join(folder, name));
    for (const version of numbers.toSorted((a, b) => Number(b) - Number(a))) {
      versions.push(await readVersion(path.join(folder, name, version)));
    }
  }
  return versions;
}

async function readVersion(folder: string): Promise<BundledVersion> {
  const file = path.join(folder, "model.onnx");
  const model = await read(file);
  const parsed = parseManifest(parseJson(folder, await read(path.join(folder, "manifest.json"))));
  if ("problem" in parsed) throw new StartError(`The manifest in ${folder} is not right: ${parsed.problem}.`);
  if (parsed.manifest.golden.samples.length === 0)
    throw new StartError(
      `The manifest in ${folder} has no golden samples: a version that nothing is known of is not served.`,
    );
  const digest = createHash("sha256").update(model).digest("hex");
  if (digest !== parsed.manifest.sha256) {
    throw new StartError(
      `The model in ${folder} is not the one of its manifest: the file's sha-256 is ${digest}, the manifest says ` +
        `${parsed.manifest.sha256}. Restore the file, or register the new one as a version of its own.`,
    );
  }
  return { manifest: parsed.manifest, file, problem: problemIn(model, parsed.manifest) };
}

/** Whoever fills the folder is trusted; what a training script put into a file, they may not know themselves. */
function problemIn(model: Uint8Array, manifest: Manifest): string | undefined {
  const scanned = scanOnnx(model);
  if (scanned.kind === "REFUSED") return scanned.problems.join("; ");
  const [mismatch] = signatureProblems(manifest.signature, scanned.signature);
  return mismatch;
}

function parseJson(folder: string, bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    throw new StartError(`The manifest in ${folder} is not JSON: ${messageOf(error)}.`, { cause: error });
  }
}

async function read(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new StartError(`${file} cannot be read: ${messageOf(error)}.`, { cause: error });
  }
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
}
